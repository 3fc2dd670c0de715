"""Keeps one payment's defect from its neighbours: a batch that fails is decided payment by payment."""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from confluent_kafka import Message

from acude.logs import TRACE
from acude.payments.deadletters import UNDECIDED, Letter
from acude.payments.judge import Judge, Outcome
from acude.payments.wire import Arrival, Coordinate, headers_of

log = logging.getLogger(__name__)

_ATTEMPTS: Final = 3
"""With its batch, alone, and without being judged."""


def decided(judge: Judge, arrivals: Sequence[Arrival]) -> tuple[list[Outcome], dict[Coordinate, Exception]]:
    """Outcomes, and the payments that can't even be given up, which is an answer too, with what went wrong.

    What is temporary (memory, list, time) never gets here: such a payment is decided without it, and says so.
    """
    try:
        return judge.decide(arrivals), {}
    except Exception:
        log.exception("a batch failed; its payments are decided one by one")
    outcomes: list[Outcome] = []
    lost: dict[Coordinate, Exception] = {}
    for arrival in arrivals:
        try:
            outcomes += _alone(judge, arrival)
        except Exception as problem:
            log.exception("no decision", extra=_about(arrival))
            lost[arrival.coordinate] = problem
    return outcomes, lost


def _alone(judge: Judge, arrival: Arrival) -> list[Outcome]:
    try:
        return judge.decide([arrival])
    except Exception:
        log.exception("given up", extra=_about(arrival))
        return [judge.give_up(arrival)]


def _about(arrival: Arrival) -> dict[str, str]:
    return {TRACE: arrival.trace, "record": str(arrival.coordinate)}


def letters(
    lost: Mapping[Coordinate, Exception], arrivals: Sequence[Arrival], records: Sequence[Message]
) -> list[Letter]:
    """What goes to the dead letters for payments that got no answer."""
    traces = {arrival.coordinate: arrival.trace for arrival in arrivals}
    found = []
    for record in records:
        at = Coordinate.of(record)
        if at in lost:
            detail, now = type(lost[at]).__name__, datetime.now(UTC)
            original = _bytes(record.key()), _bytes(record.value()), headers_of(record)
            found.append(Letter(at, UNDECIDED, detail, _ATTEMPTS, traces[at], now, *original))
    return found


def _bytes(text: str | bytes | None) -> bytes | None:
    return text.encode() if isinstance(text, str) else text
