"""The payment API while it has as many payments as it can answer in time."""

import asyncio

import httpx
from starlette.types import Receive, Scope, Send

from acude.api.shedding import Shedding

MOST = 2


class Slow:
    """An application that answers when the test lets it."""

    def __init__(self) -> None:
        self.allowed = asyncio.Event()
        self.asked = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        self.asked += 1
        if scope["method"] == "POST":
            await self.allowed.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def statuses() -> tuple[list[int], httpx.Response, int, int]:
    """Of payments that fill the API; of one more, of a question meanwhile, and of a payment when they are gone."""
    slow = Slow()
    transport = httpx.ASGITransport(Shedding(slow, most=MOST))
    async with httpx.AsyncClient(transport=transport, base_url="http://porta") as client:
        inside = [asyncio.create_task(client.post("/transacoes", content=b"{}")) for _ in range(MOST)]
        while slow.asked < MOST:
            await asyncio.sleep(0)
        beyond = await client.post("/transacoes", content=b"x" * 100_000)
        question = await client.get("/transacoes/1")
        slow.allowed.set()
        answered = [(await one).status_code for one in inside]
        later = await client.post("/transacoes", content=b"{}")
    return answered, beyond, question.status_code, later.status_code


def test_more_payments_than_the_api_can_answer_are_refused_until_there_is_room() -> None:
    answered, beyond, question, later = asyncio.run(statuses())
    assert answered == [200] * MOST
    assert (beyond.status_code, beyond.headers["retry-after"]) == (503, "1")
    assert beyond.headers["content-type"] == "application/problem+json"
    assert question == later == 200
