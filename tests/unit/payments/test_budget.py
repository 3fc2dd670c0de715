"""A body's way to the API and the decision share the payment's budget."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import NamedTuple

import orjson
from starlette.types import Message

from acude.api.app import create_app
from acude.api.claims import Claim
from acude.api.outbox import Sending
from acude.payments.reservations import ID, KEY, Wanted
from acude.settings import Settings
from tests.unit.payments.test_before_a_payment import Rate, Verifier
from tests.unit.payments.test_refused_attempts import PAYMENT, Claims

BODY = orjson.dumps(PAYMENT | {"timestamp": datetime.now(UTC)})
HEADERS = [(b"authorization", b"Bearer decide"), (b"content-type", b"application/json"), (b"idempotency-key", b"k-1")]


class TakingClaims(Claims):
    def __init__(self, takes_s: float) -> None:
        super().__init__()
        self._takes_s = takes_s

    async def claim(self, wanted: Wanted) -> Claim:
        await asyncio.sleep(self._takes_s)
        return await super().claim(wanted)

    async def note_taken(self, wanted: object) -> None:
        assert wanted


class Paid(NamedTuple):
    """The answer to a payment whose body came in two parts.

    Attributes:
        status: HTTP's.
        waited: for how long its decision was waited for; empty where nothing was sent.
        kept: the claims that are left.
    """

    status: int
    waited: list[float]
    kept: set[tuple[str, str]]


def paid(budget_s: float, between_s: float, claim_s: float = 0) -> Paid:
    """Sends a payment.

    Args:
        budget_s: the payment's.
        between_s: pause between the parts.
        claim_s: how long each claim takes.
    """
    waited: list[float] = []
    claims = TakingClaims(claim_s)

    async def wait(_: object, left_s: float, send: Callable[[], None]) -> None:
        waited.append(left_s)
        send()

    app = create_app(Settings(document_key="k" * 32, risk_budget=timedelta(seconds=budget_s)))  # type: ignore[arg-type]
    app.state.verifier, app.state.rate, app.state.claims = Verifier(), Rate(), claims
    app.state.contents = SimpleNamespace(of=lambda _: b"content")
    app.state.decisions = SimpleNamespace(is_following=True, is_behind=lambda _: False, wait=wait)
    app.state.outbox = SimpleNamespace(send=lambda *_: Sending(taken=True))
    sent: list[Message] = []
    parts = [(0.0, BODY[:9]), (between_s, BODY[9:])]

    async def receive() -> Message:
        pause_s, part = parts.pop(0)
        await asyncio.sleep(pause_s)
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/transacoes", "query_string": b"", "headers": HEADERS}
    asyncio.run(app(scope, receive, send))
    return Paid(int(sent[0]["status"]), waited, claims.kept)


def test_what_the_body_took_is_gone_for_the_decision() -> None:
    found = paid(budget_s=60, between_s=0.3)
    assert (found.status, found.kept) == (202, {(ID, "t-1"), (KEY, "k-1")})
    assert found.waited[0] <= 59.7


def test_a_body_that_is_not_whole_within_the_budget_is_refused_and_nothing_is_sent() -> None:
    assert paid(budget_s=0.2, between_s=2) == (408, [], set())


def test_a_payment_whose_claims_took_what_was_left_is_refused_and_nothing_is_sent_or_claimed() -> None:
    assert paid(budget_s=0.5, between_s=0, claim_s=0.3) == (408, [], set())
