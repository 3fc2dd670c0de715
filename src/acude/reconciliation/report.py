"""What a reconciliation found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple


class Key(NamedTuple):
    """What a sum is of: the flow (`vendas`, `loja` or `compras`), UTC day and ISO 4217 currency."""

    flow: str
    day: date
    currency: str


Sums = dict[Key, Decimal]

EXAMPLES: Final = 3
"""As many of those that break a rule are named."""


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

    @property
    def next_step(self) -> str:
        """What a person does where the sums differ."""
        return _AFTER_MONEY[self.key.flow].format(day=self.key.day)

    def difference(self) -> str:
        """What differs, as a sentence."""
        sums = ", ".join(f"{place} has {'no row' if value is None else value}" for place, value in self.sums.items())
        return f"{self.key.flow} of {self.key.day} in {self.key.currency}: {sums}. Next: {self.next_step}"


_AFTER_EVENTS: Final = "see the rules about records; where all of them hold, `acude quarantine list --from {day}`"
_AFTER_MONEY: Final = {
    "vendas": "`acude backfill vendas_diarias --from {day} --to {day}`, which publishes the day again everywhere",
    "loja": "`acude backfill vendas_diarias --from {day} --to {day}`, which exports the day again",
    "compras": _AFTER_EVENTS,
    "pagamentos": "see the rules about payments; `acude trace ID` follows one of them",
    "pagamentos enviados": _AFTER_EVENTS,
}


@dataclass(frozen=True)
class SetRow:
    """One rule about sets of records, and how many break it.

    Attributes:
        rule: what holds for each of them.
        checked: how many were looked at.
        broken: how many break it.
        examples: some of those.
        counted_by: which day of a record puts it among the days that were asked for.
        next_step: what a person does where it is broken.
        behind: how many of the broken are only on their way: the streams have not come so far.
    """

    rule: str
    checked: int
    broken: int
    examples: tuple[str, ...] = ()
    counted_by: str = ""
    next_step: str = ""
    behind: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing breaks the rule."""
        return self.broken == 0

    def difference(self) -> str:
        """What breaks it, as a sentence."""
        said = f"{self.rule}: {self.broken} of {self.checked} break it, for example {', '.join(self.examples)}"
        if self.behind:
            said += f"; {self.behind} of them are on their way, the streams have not come so far"
        step = _WHERE_BEHIND if self.behind == self.broken else self.next_step
        return f"{said}. Next: {step}" if step else said


_WHERE_BEHIND: Final = "ask again in a minute; `acude status` shows whether streams is up, `acude logs streams` why not"


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

    @property
    def empty(self) -> bool:
        """Whether no place has anything of these days."""
        return not self.money and not any(row.checked for row in self.sets)

    @property
    def behind(self) -> int:
        """How many records the streams still have to take in."""
        return max((row.behind for row in self.sets), default=0)

    def differences(self) -> list[str]:
        """A sentence for each thing that does not agree, with what to do next."""
        late = f"The streams are behind by {self.behind} records: sums of what is on its way differ until it has landed"
        rows: list[MoneyRow | SetRow] = [*self.money, *self.sets]
        return [*([late] if self.behind else []), *(row.difference() for row in rows if not row.ok)]

    def as_json(self) -> dict[str, Any]:
        """The report for programs; sums are text with every digit."""
        return {
            "ok": self.ok,
            "empty": self.empty,
            "behind": self.behind,
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
                {
                    "rule": row.rule,
                    "counted_by": row.counted_by,
                    "checked": row.checked,
                    "broken": row.broken,
                    "behind": row.behind,
                    "examples": list(row.examples),
                }
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


def together(days: Iterable[Mapping[str, Sums]]) -> dict[str, Sums]:
    """The sums of each place over days that were summed one by one: a key is of one day.

    Args:
        days: name of each place and its sums of that day.
    """
    found: dict[str, Sums] = {}
    for places in days:
        for place, sums in places.items():
            found.setdefault(place, {}).update(sums)
    return found


def added(rows: Iterable[SetRow]) -> list[SetRow]:
    """One row for each rule, over days that were compared one by one; of the examples the first ones.

    >>> added([SetRow("Every a is b", 5, 1, ("a1",)), SetRow("Every a is b", 7, 0)])
    [SetRow(rule='Every a is b', checked=12, broken=1, examples=('a1',), counted_by='', next_step='', behind=0)]
    """
    found: dict[str, SetRow] = {}
    for row in rows:
        known = found.get(row.rule)
        found[row.rule] = row if known is None else _sum(known, row)
    return list(found.values())


def _sum(one: SetRow, other: SetRow) -> SetRow:
    return replace(
        one,
        checked=one.checked + other.checked,
        broken=one.broken + other.broken,
        examples=(one.examples + other.examples)[:EXAMPLES],
        behind=one.behind + other.behind,
    )
