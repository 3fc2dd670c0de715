"""One thing that happened to a payment, and where that is written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

PERSONAL: Final = frozenset({"id_pagador", "documento_pagador"})
"""Fields that a trace leaves out."""


@dataclass(frozen=True)
class TraceEvent:
    """One entry of a trace.

    Attributes:
        at: when, UTC.
        store: where it is written: log, kafka, valkey, postgres, athena.
        what: in a few words.
        data: the rest, without personal data.
    """

    at: datetime
    store: str
    what: str
    data: Mapping[str, Any] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {"em": self.at.isoformat(), "onde": self.store, "evento": self.what, "dados": dict(self.data)}


def utc(moment: datetime) -> datetime:
    """A store's time as UTC; those without a zone are UTC already."""
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def of_ms(moment: int) -> datetime:
    """Milliseconds since 1970 as UTC."""
    return datetime.fromtimestamp(moment / 1000, UTC)


def without_personal(fields: Mapping[str, Any], *others: str) -> dict[str, Any]:
    """The fields that may be shown."""
    return {name: value for name, value in fields.items() if name not in PERSONAL and name not in others}


def in_order(events: Iterable[TraceEvent]) -> list[TraceEvent]:
    """By time; what happened in the same instant in the order in which the stores were asked."""
    return sorted(events, key=lambda event: event.at)
