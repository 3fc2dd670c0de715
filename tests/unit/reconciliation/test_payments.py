"""A payment without its decision, one with two, and a decision on nothing, are found and named."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from acude.reconciliation.payments import Payments, rules

DAY = date(2026, 3, 1)
UNTIL = datetime(2026, 3, 1, 12, tzinfo=UTC)
BEFORE, AFTER = UNTIL - timedelta(seconds=1), UNTIL + timedelta(seconds=1)

LAKE = "Every payment has a decision in the lake"
PAID = "Every decision in the lake is on a payment"
AGAIN = "No payment was decided a second time"
DATABASE = "Every payment has a decision in the database"
STORED = "Every decision in the database is on a payment"
ONCE = "No payment has two decisions in the database"
SAME = "Lake and database say the same of each payment"


def landed(*ids: str, at: datetime = BEFORE) -> pa.Table:
    rows = [
        {"id_transacao": one, "data": DAY, "moeda": "BRL", "valor": Decimal("1.10"), "carimbo_kafka": at} for one in ids
    ]
    return pa.Table.from_pylist(rows)


def decided(*ids: str, verdict: str = "aprovar", at: datetime = BEFORE) -> pa.Table:
    rows = [
        {
            "id_transacao": one, "dia": DAY, "decisao": verdict, "pontuacao": 3, "valor": Decimal("1.10"),
            "moeda": "BRL", "decidida_em": at,
        }
        for one in ids
    ]  # fmt: skip
    return pa.Table.from_pylist(rows)


ALL_WELL = Payments(landed("a", "b"), decided("a", "b"), (), decided("a", "b"), UNTIL)


def without(rows: pa.Table, one: str) -> pa.Table:
    return rows.filter(pc.field("id_transacao") != one)


def and_also(rows: pa.Table, others: pa.Table) -> pa.Table:
    return pa.concat_tables([rows, others])


def broken(found: Payments) -> dict[str, tuple[str, ...]]:
    return {row.rule: row.examples for row in rules(found) if not row.ok}


def test_each_payment_with_one_decision_everywhere_breaks_nothing() -> None:
    assert broken(ALL_WELL) == {}
    assert {row.checked for row in rules(ALL_WELL)} == {2}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda p: replace(p, decided=without(p.decided, "b")), {LAKE: ("b",)}),
        (lambda p: replace(p, stored=without(p.stored, "b")), {DATABASE: ("b",)}),
        (lambda p: replace(p, landed=without(p.landed, "b")), {PAID: ("b",), STORED: ("b",)}),
        (lambda p: replace(p, again=("decisoes_risco/3/17",)), {AGAIN: ("decisoes_risco/3/17",)}),
        (lambda p: replace(p, stored=and_also(p.stored, decided("b"))), {ONCE: ("b",)}),
        (
            lambda p: replace(p, stored=and_also(decided("b", verdict="negar"), decided("a"))),
            {SAME: ("b",)},
        ),
    ],
)
def test_what_is_missing_or_too_much_is_named(
    change: Callable[[Payments], Payments], expected: dict[str, tuple[str, ...]]
) -> None:
    assert broken(change(ALL_WELL)) == expected


def test_a_payment_that_came_a_moment_ago_may_be_without_its_decision() -> None:
    assert broken(replace(ALL_WELL, landed=and_also(ALL_WELL.landed, landed("new", at=AFTER)))) == {}


def test_a_decision_may_be_in_the_database_before_its_payment_is_in_the_lake() -> None:
    assert broken(replace(ALL_WELL, stored=and_also(ALL_WELL.stored, decided("new", at=AFTER)))) == {}
    late = replace(ALL_WELL, stored=and_also(ALL_WELL.stored, decided("old", at=BEFORE)))
    assert broken(late) == {STORED: ("old",)}
