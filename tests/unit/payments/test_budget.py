"""A body's way to the API and the decision share the payment's budget."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import orjson
from starlette.types import Message

from acude.api.app import create_app
from acude.api.outbox import Sending
from acude.settings import Settings
from tests.unit.payments.test_before_a_payment import Rate, Verifier
from tests.unit.payments.test_refused_attempts import PAYMENT, Claims

BODY = orjson.dumps(PAYMENT | {"timestamp": datetime.now(UTC)})
HEADERS = [(b"authorization", b"Bearer decide"), (b"content-type", b"application/json")]


class TakingClaims(Claims):
    async def note_taken(self, wanted: object) -> None:
        assert wanted


def paid(budget_s: float, between_s: float) -> tuple[int, list[float]]:
    """The status of a payment whose body comes in two parts, and how long its decision was waited for.

    Args:
        budget_s: the payment's.
        between_s: pause between the parts.
    """
    waited: list[float] = []

    async def wait(_: object, left_s: float, send: Callable[[], None]) -> None:
        waited.append(left_s)
        send()

    app = create_app(Settings(document_key="k" * 32, risk_budget=timedelta(seconds=budget_s)))  # type: ignore[arg-type]
    app.state.verifier, app.state.rate, app.state.claims = Verifier(), Rate(), TakingClaims()
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
    return int(sent[0]["status"]), waited


def test_what_the_body_took_is_gone_for_the_decision() -> None:
    status, [left_s] = paid(budget_s=60, between_s=0.3)
    assert status == 202
    assert left_s <= 59.7


def test_a_body_that_is_not_whole_within_the_budget_is_refused_and_nothing_is_sent() -> None:
    assert paid(budget_s=0.2, between_s=2) == (408, [])
