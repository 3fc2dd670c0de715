"""What a reconciliation found."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple


class Key(NamedTuple):
    """What a sum is of: the flow (`vendas`, `loja` or `compras`), UTC day and ISO 4217 currency."""

    flow: str
    day: date
    currency: str


Sums = dict[Key, Decimal]


@dataclass(frozen=True)
class MoneyRow:
    """One flow, day and currency, with the sum that each place has; None where the place has no such row.

    A place that can't have the flow's day is not among them.
    """

    key: Key
    sums: Mapping[str, Decimal | None]

    @property
    def ok(self) -> bool:
        """Whether all places have the same exact sum."""
        return len(set(self.sums.values())) == 1


@dataclass(frozen=True)
class SetRow:
    """One rule about sets of Kafka coordinates, and how many break it."""

    rule: str
    checked: int
    broken: int
    examples: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing breaks the rule."""
        return self.broken == 0


@dataclass(frozen=True)
class Report:
    """All that was compared."""

    first: date
    last: date
    money: tuple[MoneyRow, ...] = ()
    sets: tuple[SetRow, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything agrees."""
        return all(row.ok for row in self.money) and all(row.ok for row in self.sets)

    def differences(self) -> list[str]:
        """A sentence for each thing that does not agree."""
        money = [
            f"{row.key.flow} of {row.key.day} in {row.key.currency}: "
            + ", ".join(f"{place} has {'no row' if value is None else value}" for place, value in row.sums.items())
            for row in self.money
            if not row.ok
        ]
        sets = [
            f"{row.rule}: {row.broken} of {row.checked} break it, for example {', '.join(row.examples)}"
            for row in self.sets
            if not row.ok
        ]
        return money + sets

    def as_json(self) -> dict[str, Any]:
        """The report for programs; sums are text with every digit."""
        return {
            "ok": self.ok,
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "money": [
                {
                    "flow": row.key.flow,
                    "day": row.key.day.isoformat(),
                    "currency": row.key.currency,
                    "ok": row.ok,
                    "sums": {place: None if value is None else str(value) for place, value in row.sums.items()},
                }
                for row in self.money
            ],
            "sets": [
                {"rule": row.rule, "checked": row.checked, "broken": row.broken, "examples": list(row.examples)}
                for row in self.sets
            ],
            "differences": self.differences(),
        }


def compare(places: Mapping[str, Sums]) -> list[MoneyRow]:
    """One row for each key that any place has, sorted.

    A place that has no row where others have the sum zero agrees with them.

    Args:
        places: name of each place and its sums.
    """
    keys = sorted({key for sums in places.values() for key in sums})
    rows = []
    for key in keys:
        found = {place: sums.get(key) for place, sums in places.items()}
        known = {value for value in found.values() if value is not None}
        if known <= {Decimal(0)}:
            found = dict.fromkeys(found, Decimal(0))
        # Places keep different numbers of decimals; the digits that count are the same.
        rows.append(MoneyRow(key, {place: None if v is None else v.normalize() + 0 for place, v in found.items()}))
    return rows
