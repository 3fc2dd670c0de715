"""What `POST /transacoes` says before it looks at the payment, and the trace id that every answer has."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace

import httpx
import pytest

from acude.api.app import create_app
from acude.api.auth import DECIDE, READ, Caller
from acude.settings import Settings

TOKENS = {"decide": Caller("loja", frozenset({DECIDE})), "read": Caller("loja", frozenset({READ}))}
BEARER = ("Authorization", "Bearer decide")
TRACE = "0af7651916cd43dd8448eb211c80319c"
Headers = Sequence[tuple[str, str]]


class Verifier:
    """Knows two tokens."""

    async def caller(self, token: str) -> Caller:
        return TOKENS[token]


class Rate:
    """Admits everything."""

    async def admits(self, client: str) -> bool:
        return bool(client)


def answered(headers: Headers) -> httpx.Response:
    """The answer of an API whose broker is away, so that it goes no further than to the caller's place."""
    app = create_app(Settings(document_key="k" * 32))  # type: ignore[arg-type]
    app.state.verifier, app.state.rate = Verifier(), Rate()
    app.state.decisions = SimpleNamespace(is_following=False)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://porta") as client:
            return await client.post("/transacoes", headers=list(headers), content=b"{}")

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], 401),
        ([("Authorization", "Basic x")], 401),
        ([BEARER, BEARER], 400),
        ([("Authorization", "Bearer read")], 403),
        ([BEARER, ("Idempotency-Key", "a b")], 400),
        ([BEARER, ("Idempotency-Key", "")], 400),
        ([BEARER, ("Idempotency-Key", "k" * 65)], 400),
        ([BEARER], 503),
        ([BEARER, ("Idempotency-Key", "k-1")], 503),
    ],
)
def test_caller_and_key_are_checked_first(headers: Headers, status: int) -> None:
    answer = answered([*headers, ("traceparent", f"00-{TRACE}-b7ad6b7169203331-01")])
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["id_rastro"] == answer.headers["id-rastro"] == TRACE


def test_a_request_without_a_trace_gets_one() -> None:
    assert len(answered([BEARER]).headers["id-rastro"]) == 32
