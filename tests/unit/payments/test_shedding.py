"""The payment API while it has as many payments as it can answer in time."""

import asyncio
from contextlib import ExitStack

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from acude.api.problems import ProblemError
from acude.api.shedding import Fairness, Shedding

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
    transport = httpx.ASGITransport(Shedding(slow, most=MOST, within_s=5, largest=1_000_000))
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


async def status_of(app: Shedding, messages: list[Message], *, hangs: bool) -> int:
    """The answer to a request whose body is these messages, and then nothing."""
    sent: list[Message] = []

    async def receive() -> Message:
        if not messages and hangs:
            await asyncio.Event().wait()
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "http", "method": "POST", "path": "/transacoes", "headers": []}, receive, send)
    return int(sent[0]["status"])


def piece(body: bytes, *, more: bool) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def beside_slow_bodies() -> tuple[list[int], int]:
    """Of as many slow bodies as there are places, and of a payment meanwhile."""
    slow = Slow()
    slow.allowed.set()
    app = Shedding(slow, most=MOST, within_s=0.2, largest=100)
    hanging = [asyncio.create_task(status_of(app, [piece(b"{", more=True)], hangs=True)) for _ in range(MOST)]
    await asyncio.sleep(0)
    meanwhile = await status_of(app, [piece(b"{}", more=False)], hangs=False)
    return [await one for one in hanging], meanwhile


async def whole_together() -> list[int]:
    """Of bodies that were begun while there was room, one more than there is, and are whole at the same moment."""
    slow, ready = Slow(), asyncio.Event()
    app = Shedding(slow, most=MOST, within_s=5, largest=100)

    async def one() -> int:
        sent: list[Message] = []

        async def receive() -> Message:
            await ready.wait()
            return piece(b"{}", more=False)

        async def send(message: Message) -> None:
            sent.append(message)

        await app({"type": "http", "method": "POST", "path": "/transacoes", "headers": []}, receive, send)
        return int(sent[0]["status"])

    asked = [asyncio.create_task(one()) for _ in range(MOST + 1)]
    await asyncio.sleep(0)
    ready.set()
    while slow.asked < MOST:
        await asyncio.sleep(0)
    slow.allowed.set()
    return sorted([await each for each in asked])


def test_bodies_that_are_whole_together_are_counted_like_any_others() -> None:
    assert asyncio.run(whole_together()) == [200] * MOST + [503]


def test_who_sends_slowly_takes_nobodys_place_and_is_told() -> None:
    assert asyncio.run(beside_slow_bodies()) == ([408] * MOST, 200)


def test_the_application_gets_the_body_as_it_came_however_large() -> None:
    got: list[bytes] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["method"] == "POST"
        while (message := await receive())["type"] == "http.request":
            got.append(message["body"])
            if not message["more_body"]:
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})

    pieces = [piece(b"a" * 80, more=True), piece(b"b" * 80, more=True), piece(b"c", more=False)]
    shedding = Shedding(app, most=MOST, within_s=1, largest=100)
    assert asyncio.run(status_of(shedding, list(pieces), hangs=False)) == 200
    assert got == [one["body"] for one in pieces]


def test_of_a_client_that_hangs_up_before_its_body_is_whole_the_application_hears_nothing() -> None:
    slow, gone = Slow(), list[Message]([piece(b"{", more=True), {"type": "http.disconnect"}])
    sent: list[Message] = []

    async def receive() -> Message:
        return gone.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/transacoes", "headers": []}
    asyncio.run(asyncio.wait_for(Shedding(slow, most=MOST, within_s=5, largest=100)(scope, receive, send), 30))
    assert (slow.asked, sent) == (0, [])


def test_a_client_that_has_too_many_inside_leaves_room_for_others() -> None:
    fairness = Fairness(MOST)
    with ExitStack() as inside:
        for _ in range(MOST):
            inside.enter_context(fairness.one("loja"))
        with pytest.raises(ProblemError, match="At most 2 of your payments wait") as caught, fairness.one("loja"):
            pass
        assert caught.value.status == 429
        with fairness.one("outra"):
            pass
    with fairness.one("loja"):
        pass
