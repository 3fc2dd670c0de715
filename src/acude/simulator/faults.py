"""What goes wrong between a shopper and the broker: late, repeated, broken and contradictory events, by share. Pure.

A malformed record takes its event's place. A duplicate and a contradiction follow their event some records later, under
the same key, so that the broker keeps them behind it in the same partition.
"""

import heapq
import random
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from acude.simulator import malformed
from acude.simulator.serde import as_json, encode, fields
from acude.simulator.shoppers import Event

_LATE_HOURS = (1, 120)
_FOLLOWS_WITHIN = 3_000
_REORDERED = 0.3


class Kind(StrEnum):
    """What a send is to the platform; the ledger's `tipo`."""

    VALID = "valido"
    DUPLICATE = "duplicata"
    MALFORMED = "malformado"
    CONTRADICTORY = "contraditorio"
    SALE = "venda"


@dataclass(frozen=True)
class Shares:
    """Share of the events (0 to 1) that are late, repeated, malformed, contradicted."""

    late: float = 0.0
    duplicate: float = 0.0
    malformed: float = 0.0
    contradictory: float = 0.0

    def __post_init__(self) -> None:
        shares = astuple(self)
        if min(shares) < 0 or sum(shares[1:]) > 1 or self.late > 1:
            raise ValueError(f"shares lie between 0 and 1, duplicate + malformed + contradictory too; found {self}")


class Record(NamedTuple):
    """One send: the bytes, when it is due, and its row in the ledger."""

    event: Event
    value: bytes
    kind: Kind
    due: datetime
    reason: str | None = None
    late: bool = False

    @property
    def key(self) -> bytes:
        """A shopper's events stay in order."""
        return self.event.id_usuario.encode()


class _Later(NamedTuple):
    """A record that is sent again behind the record of that number."""

    behind: int
    number: int
    record: Record


def disturb(events: Iterable[Event], shares: Shares, seed: int | str) -> Iterator[Record]:
    """The sends made from the events; without shares one valid send per event.

    Args:
        events: in the order of their moments.
        shares: how much goes wrong.
        seed: the same seed on the same events makes the same records.
    """
    rng = random.Random(f"falhas:{seed}")  # noqa: S311
    later: list[_Later] = []
    follows = (
        shares.malformed,
        shares.malformed + shares.duplicate,
        shares.malformed + shares.duplicate + shares.contradictory,
    )
    due: datetime | None = None
    for number, happened in enumerate(events):
        due = happened.momento
        while later and later[0].behind <= number:
            yield heapq.heappop(later).record._replace(due=due)
        late = rng.random() < shares.late
        event = _postponed(happened, rng) if late else happened
        chance = rng.random()
        if chance < follows[0]:
            reason = malformed.reason(rng)
            yield Record(event, malformed.payload(reason, event, rng), Kind.MALFORMED, due, reason)
            continue
        record = Record(event, encode(event), Kind.VALID, due, None, late)
        yield record
        if chance < follows[2]:
            again = _repeated(record, rng) if chance < follows[1] else _contradicted(record)
            heapq.heappush(later, _Later(number + 1 + int(rng.random() * _FOLLOWS_WITHIN), number, again))
    while later and due:
        yield heapq.heappop(later).record._replace(due=due)


def _postponed(event: Event, rng: random.Random) -> Event:
    """The event as if it had happened hours or days before it was sent."""
    least, most = _LATE_HOURS
    return event._replace(
        momento=event.momento - timedelta(seconds=int(3600 * (least + rng.random() * (most - least))))
    )


def _repeated(record: Record, rng: random.Random) -> Record:
    """The same event again; mostly the same bytes, sometimes with its keys in another order."""
    if rng.random() < _REORDERED:
        texts = fields(record.event)
        value = as_json({name: texts[name] for name in reversed(texts)})
        return record._replace(value=value, kind=Kind.DUPLICATE)
    return record._replace(kind=Kind.DUPLICATE)


def _contradicted(record: Record) -> Record:
    """Another event under the same id."""
    event = record.event
    if event.quantidade is not None:
        other = event._replace(quantidade=event.quantidade + 1)
    else:
        other = event._replace(momento=event.momento - timedelta(seconds=1))
    return record._replace(event=other, value=encode(other), kind=Kind.CONTRADICTORY, reason="contraditorio")
