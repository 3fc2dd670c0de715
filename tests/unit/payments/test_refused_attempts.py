"""A refused attempt leaves its Idempotency-Key to the next one, and its id where nothing was sent."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx
import pytest

from acude.api.answers import id_in_use
from acude.api.app import create_app
from acude.api.claims import Claim
from acude.api.outbox import OutboxFullError
from acude.contracts.personal import TOKEN
from acude.payments.reservations import ID, KEY, Wanted
from acude.settings import Settings
from tests.unit.payments.test_before_a_payment import BEARER, Rate, Verifier

PAYMENT = {
    "id_transacao": "t-1",
    "tipo_pagamento": "pix",
    "operacao": "pagamento",
    "valor": 10.0,
    "moeda": "BRL",
    "id_pagador": "p1",
    "documento_pagador": "52998224725",
    "id_recebedor": "r1",
    "chave_pix": "a@b.example",
    "timestamp": f"{datetime.now(UTC):%FT%TZ}",
}


class Claims:
    """Whatever is claimed is new, until it was released it is kept."""

    def __init__(self) -> None:
        self.kept: set[tuple[str, str]] = set()

    async def claim(self, wanted: Wanted) -> Claim:
        self.kept.add((wanted.kind, wanted.name))
        return Claim.NEW

    async def release(self, wanted: Wanted) -> None:
        self.kept.discard((wanted.kind, wanted.name))


@pytest.mark.parametrize(
    ("problem", "status", "kept"),
    [
        (OutboxFullError("full"), 503, set()),
        (id_in_use(), 409, {(ID, "t-1")}),
        (None, 503, {(ID, "t-1"), (KEY, "k-1")}),
    ],
)
def test_a_refused_attempt_keeps_what_may_have_been_sent(
    problem: Exception | None, status: int, kept: set[tuple[str, str]]
) -> None:
    async def wait(*_: object) -> None:
        # None: it was sent, and nobody knows whether the broker has it.
        if problem:
            raise problem

    claims = Claims()
    answer = asked(claims, wait)
    assert (answer.status_code, claims.kept) == (status, kept), answer.text


def asked(claims: Claims, wait: Callable[..., Awaitable[None]], key: str = "k-1", **fields: object) -> httpx.Response:
    """The answer of an API with these claims to a payment; `wait` stands for its decision."""
    app = create_app(Settings(document_key="k" * 32))  # type: ignore[arg-type]
    app.state.verifier, app.state.rate, app.state.claims = Verifier(), Rate(), claims
    app.state.contents = SimpleNamespace(of=lambda _: b"content")
    app.state.decisions = SimpleNamespace(is_following=True, is_behind=lambda _: False, wait=wait)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        headers = [BEARER, ("Idempotency-Key", key)]
        async with httpx.AsyncClient(transport=transport, base_url="http://porta") as client:
            return await client.post("/transacoes", headers=headers, json=PAYMENT | fields)

    return asyncio.run(ask())


async def silence(*_: object) -> None:
    """Nobody knows whether the broker has the payment."""


@pytest.mark.parametrize("key", ["52998224725", "4111111111111111", "loja-529.982.247-25"])
def test_of_a_key_that_holds_a_number_a_token_is_kept(key: str) -> None:
    claims = Claims()
    for _ in range(2):
        assert asked(claims, silence, key).status_code == 503
    (kept,) = [name for kind, name in claims.kept if kind == KEY]
    assert TOKEN.fullmatch(kept)


@pytest.mark.parametrize(
    ("ago", "status"),
    [
        (timedelta(days=14) - timedelta(seconds=5), 422),
        (timedelta(days=14) - timedelta(minutes=2), 503),
        (-timedelta(minutes=5) + timedelta(seconds=5), 422),
        (-timedelta(minutes=3), 503),
    ],
)
def test_a_time_that_the_broker_may_find_outside_of_the_bounds_is_refused(ago: timedelta, status: int) -> None:
    """Its clock is another one, and it takes the payment later: what only the worker refuses gets no answer."""
    claims = Claims()
    answer = asked(claims, silence, timestamp=(datetime.now(UTC) - ago).isoformat())
    assert (answer.status_code, (ID, "t-1") in claims.kept) == (status, status == 503), answer.text
