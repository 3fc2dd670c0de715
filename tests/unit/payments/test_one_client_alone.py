"""One client alone, however many payments it begins and never ends, leaves the payment API to the others."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Message

from acude.api.app import create_app
from acude.api.auth import DECIDE, Caller
from acude.api.outbox import Sending
from acude.settings import Settings
from tests.unit.payments.test_before_a_payment import Rate
from tests.unit.payments.test_budget import HEADERS, TakingClaims
from tests.unit.payments.test_refused_attempts import PAYMENT

MOST = 3


class Verifier:
    """Takes a token for its client's name."""

    async def caller(self, token: str) -> Caller:
        return Caller(token, frozenset({DECIDE}))


class Worker:
    """Decides nothing until it is let: payments wait, and are answered as taken."""

    is_following = True

    def __init__(self) -> None:
        self.waiting, self.let = 0, asyncio.Event()

    def is_behind(self, longest_s: float) -> bool:
        return longest_s < 0

    async def wait(self, _: object, __: float, send: Callable[[], None]) -> None:
        send()
        self.waiting += 1
        await self.let.wait()


def api(worker: Worker, **changes: object) -> FastAPI:
    app = create_app(Settings(document_key="k" * 32, **changes))  # type: ignore[arg-type]
    app.state.verifier, app.state.rate, app.state.claims = Verifier(), Rate(), TakingClaims(0)
    app.state.contents = SimpleNamespace(of=lambda _: b"content")
    app.state.decisions, app.state.outbox = worker, SimpleNamespace(send=lambda *_: Sending(taken=True))
    return app


async def shares() -> tuple[list[int], httpx.Response, int, list[int]]:
    """Of a client that fills its share: its payments, one more, another client's, and its own afterwards."""
    worker = Worker()
    transport = httpx.ASGITransport(api(worker, risk_most_waiting_client=MOST))
    async with httpx.AsyncClient(transport=transport, base_url="http://porta") as http:

        def paid(client: str, number: int) -> Coroutine[object, object, httpx.Response]:
            payment = PAYMENT | {"id_transacao": f"t-{number}", "timestamp": f"{datetime.now(UTC):%FT%TZ}"}
            return http.post("/transacoes", json=payment, headers={"Authorization": f"Bearer {client}"})

        inside = [asyncio.create_task(paid("loja", number)) for number in range(MOST)]
        while worker.waiting < MOST:
            await asyncio.sleep(0)
        beyond = await asyncio.wait_for(paid("loja", MOST), 30)
        others = asyncio.create_task(paid("outra", MOST))
        while worker.waiting <= MOST:
            await asyncio.sleep(0)
        worker.let.set()
        filled = [(await one).status_code for one in inside]
        afterwards = [(await paid("loja", 10 + number)).status_code for number in range(2 * MOST)]
    return filled, beyond, (await others).status_code, afterwards


def test_a_client_that_fills_its_share_is_told_and_others_are_answered() -> None:
    filled, beyond, others, afterwards = asyncio.run(asyncio.wait_for(shares(), 60))
    assert (filled, others) == ([202] * MOST, 202)
    assert (beyond.status_code, beyond.headers["retry-after"]) == (429, "1")
    assert "At most 3 of your payments wait" in beyond.text
    assert afterwards == [202] * (2 * MOST), "its share is free again"


@pytest.mark.parametrize("begin", [(), (b"{",)])
def test_a_body_that_never_ends_is_refused_when_the_budget_is_gone(begin: tuple[bytes, ...]) -> None:
    sent, parts = list[Message](), list(begin)

    async def receive() -> Message:
        if not parts:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": parts.pop(), "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    async def asked() -> float:
        app, loop = api(Worker(), risk_budget=timedelta(seconds=0.2)), asyncio.get_running_loop()
        began = loop.time()
        scope = {"type": "http", "method": "POST", "path": "/transacoes", "query_string": b"", "headers": HEADERS}
        await asyncio.wait_for(app(scope, receive, send), 15)
        return loop.time() - began

    took_s = asyncio.run(asked())
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
    assert 0.2 <= took_s < 10
