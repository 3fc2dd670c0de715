"""A cent that differs anywhere is found, and named."""

from datetime import date
from decimal import Decimal

import pytest

from acude.reconciliation.report import Key, Report, SetRow, Sums, added, compare, together

DAY = date(2010, 12, 1)
KEY = Key("vendas", DAY, "GBP")
PLACES = ["inbox", "silver", "gold região", "gold categoria", "warehouse", "athena"]


def places(**changes: str) -> dict[str, Sums]:
    """All places with 100.25, but those named with their own sum."""
    return {place: {KEY: Decimal(changes.get(place.replace(" ", "_"), "100.25"))} for place in PLACES}


def test_places_with_the_same_sum_agree_whatever_their_number_of_decimals() -> None:
    rows = compare(places(silver="100.2500", athena="100.250"))
    assert [row.ok for row in rows] == [True]


@pytest.mark.parametrize("place", PLACES)
def test_one_cent_in_any_place_is_found_and_named(place: str) -> None:
    report = Report(DAY, DAY, tuple(compare(places(**{place.replace(" ", "_"): "100.26"}))))
    assert not report.ok
    assert f"{place} has 100.26" in report.differences()[0]


def test_a_place_without_the_day_disagrees() -> None:
    found = places()
    found["warehouse"] = {}
    report = Report(DAY, DAY, tuple(compare(found)))
    assert not report.ok
    assert "warehouse has no row" in report.differences()[0]


def test_a_day_whose_sales_cancel_out_agrees_with_no_row() -> None:
    assert [row.ok for row in compare({"inbox": {KEY: Decimal(0)}, "gold": {}})] == [True]


def test_each_currency_is_compared_for_itself() -> None:
    other = Key("vendas", DAY, "BRL")
    rows = compare({"inbox": {KEY: Decimal(1), other: Decimal(2)}, "gold": {KEY: Decimal(2), other: Decimal(1)}})
    assert [row.ok for row in rows] == [False, False]


def test_a_broken_rule_about_sets_makes_the_report_fail() -> None:
    report = Report(DAY, DAY, sets=(SetRow("What is in bronze is refined", 10, 1, ("t/0/7",)),))
    assert not report.ok
    assert report.differences() == ["What is in bronze is refined: 1 of 10 break it, for example t/0/7"]


def test_a_difference_ends_with_what_to_do_next() -> None:
    found = places(warehouse="1")
    row = SetRow("A rule", 10, 1, ("t/0/7",), "a day", "look at it")
    money, rule = Report(DAY, DAY, tuple(compare(found)), (row,)).differences()
    assert f"Next: `acude backfill vendas_diarias --from {DAY} --to {DAY}`" in money
    assert rule == "A rule: 1 of 10 break it, for example t/0/7. Next: look at it"


@pytest.mark.parametrize("flow", ["vendas", "loja", "compras", "pagamentos", "pagamentos enviados"])
def test_every_flow_of_money_has_a_next_step(flow: str) -> None:
    key = Key(flow, DAY, "BRL")
    (row,) = compare({"a": {key: Decimal(1)}, "b": {}})
    assert row.next_step


def test_what_is_only_behind_is_said_to_be_on_its_way() -> None:
    late = SetRow("A rule", 10, 2, ("t/0/7",), "a day", "look at it", behind=2)
    first, rule = Report(DAY, DAY, sets=(late,)).differences()
    assert first.startswith("The streams are behind by 2 records")
    assert "2 of them are on their way" in rule
    assert "look at it" not in rule
    assert "acude status" in rule


def test_what_is_missing_beside_what_is_behind_keeps_its_next_step() -> None:
    row = SetRow("A rule", 10, 3, ("t/0/7",), "a day", "look at it", behind=2)
    assert row.difference().endswith("Next: look at it")


def test_days_of_which_no_place_has_anything_are_empty_and_not_wrong() -> None:
    report = Report(DAY, DAY, sets=(SetRow("A rule", 0, 0),))
    assert report.empty
    assert report.ok
    assert not Report(DAY, DAY, tuple(compare(places()))).empty
    assert not Report(DAY, DAY, sets=(SetRow("A rule", 1, 0),)).empty


def test_a_rules_days_are_added_up_and_the_first_examples_stay() -> None:
    one = SetRow("Every a is b", 5, 2, ("a1", "a2"), "the day of a", "look at a", behind=1)
    other = SetRow("Every a is b", 7, 3, ("a3", "a4", "a5"), "the day of a", "look at a", behind=3)
    alone = SetRow("Every b is a", 4, 0)
    assert added([one, alone, other]) == [
        SetRow("Every a is b", 12, 5, ("a1", "a2", "a3"), "the day of a", "look at a", behind=4),
        alone,
    ]


def test_days_that_were_summed_one_by_one_are_compared_together() -> None:
    following = Key("vendas", date(2010, 12, 2), "GBP")
    days: list[dict[str, Sums]] = [
        {"ledger": {KEY: Decimal(1)}, "silver": {KEY: Decimal(1)}},
        {"ledger": {following: Decimal(2)}, "silver": {}},
    ]
    assert [(row.key, dict(row.sums)) for row in compare(together(days))] == [
        (KEY, {"ledger": 1, "silver": 1}),
        (following, {"ledger": 2, "silver": None}),
    ]
