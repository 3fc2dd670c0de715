"""Sums of money are exact, however large."""

from decimal import Decimal, localcontext

import pyarrow as pa

from acude.publishing.totals import sums_by_currency

LARGEST = Decimal("9999999999999999999999999999999999.9999")


def rows(*lines: tuple[str, Decimal, int]) -> pa.Table:
    kinds = pa.schema([("moeda", pa.string()), ("receita", pa.decimal128(38, 4)), ("quantidade", pa.int64())])
    return pa.Table.from_pylist([dict(zip(kinds.names, line, strict=True)) for line in lines], kinds)


def test_sums_have_more_digits_than_any_of_their_values() -> None:
    with localcontext(prec=60):
        expected = f"{LARGEST * 20:f}"
    found = sums_by_currency(rows(*[("BRL", LARGEST, 2**62)] * 20))
    assert found == {"BRL": {"receita": expected, "quantidade": str(2**62 * 20), "linhas": "20"}}


def test_currencies_are_apart_and_in_order() -> None:
    found = sums_by_currency(rows(("GBP", Decimal("-0.0001"), -1), ("BRL", Decimal("1.5"), 2), ("GBP", Decimal(0), 0)))
    assert found == {
        "BRL": {"receita": "1.5000", "quantidade": "2", "linhas": "1"},
        "GBP": {"receita": "-0.0001", "quantidade": "-1", "linhas": "2"},
    }
    assert list(found) == ["BRL", "GBP"]


def test_a_table_without_money_or_rows_has_no_sums() -> None:
    assert sums_by_currency(pa.table({"n": [1]})) == {}
    assert sums_by_currency(rows()) == {}
