"""The shop's own sales: the ledger is compared on the days that it knows, and is no place on others."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from acude.reconciliation.money import shop_rows
from acude.reconciliation.report import Key, Sums
from acude.settings import Settings
from acude.simulator.ledger import Entry, Ledger

DAY = date(2009, 4, 14)
NEXT = DAY + timedelta(days=1)
TODAY = date(2026, 11, 22)
SOLD = Decimal("20.0100")


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    """One sale of the first day in the ledger, acknowledged."""
    run = Ledger(tmp_path, "20090414T120000-s1-1")
    (number,) = run.intend([Entry(None, "venda", None, None, "1", "p1", False, DAY, SOLD, "BRL")])
    run.answer(number, None, None)
    run.close()
    return Settings(var=tmp_path)


def exported(**sums: Decimal) -> Sums:
    return {Key("loja", {"first": DAY, "second": NEXT}[day], "BRL"): value for day, value in sums.items()}


def test_a_day_of_the_ledgers_is_compared_to_the_cent(config: Settings) -> None:
    (same,) = shop_rows(config, DAY, NEXT, exported(first=SOLD), TODAY)
    assert same.ok
    assert set(same.sums) == {"ledger", "inbox"}
    (other,) = shop_rows(config, DAY, NEXT, exported(first=SOLD + Decimal("0.01")), TODAY)
    assert not other.ok


def test_the_ledger_is_no_place_on_a_day_of_which_it_has_nothing(config: Settings, tmp_path: Path) -> None:
    first, second = shop_rows(config, DAY, NEXT, exported(first=SOLD, second=SOLD), TODAY)
    assert set(first.sums) == {"ledger", "inbox"}
    assert (second.ok, set(second.sums)) == (True, {"inbox"})
    elsewhere = Settings(var=tmp_path / "empty")
    assert [row.ok for row in shop_rows(elsewhere, DAY, NEXT, exported(first=SOLD, second=SOLD), TODAY)] == [True, True]


def test_another_currency_of_a_day_of_the_ledgers_is_missing_in_it(config: Settings) -> None:
    sold, other = shop_rows(config, DAY, NEXT, {Key("loja", DAY, "USD"): SOLD}, TODAY)
    assert (sold.ok, dict(sold.sums)) == (False, {"ledger": SOLD.normalize(), "inbox": None})
    assert (other.ok, other.sums["ledger"]) == (False, None)


def test_a_past_day_that_was_not_exported_is_missing_and_today_may_be(config: Settings) -> None:
    (row,) = shop_rows(config, DAY, NEXT, {}, NEXT)
    assert (row.ok, row.sums["inbox"]) == (False, None)
    assert shop_rows(config, DAY, NEXT, {}, DAY) == []
