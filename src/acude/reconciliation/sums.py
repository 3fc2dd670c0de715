"""Sums of money by flow, day and currency, out of rows and out of Athena."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from acude.athena.client import run_query
from acude.reconciliation.report import Key, Sums
from acude.settings import Settings


def between(column: str, first: date, last: date) -> pc.Expression:
    """A condition: the column's day is one of those."""
    return (pc.field(column) >= pa.scalar(first)) & (pc.field(column) <= pa.scalar(last))


def columns(rows: pa.Table, *names: str) -> Iterable[tuple[Any, ...]]:
    """The columns' values, row by row."""
    return zip(*(rows[name].to_pylist() for name in names), strict=True)


def summed(flow: str, rows: Iterable[Any]) -> Sums:
    """Exact sums of rows of day, currency and value; a null value counts as zero."""
    sums: Sums = {}
    for day, currency, value in rows:
        if value is not None:
            key = Key(flow, day, currency)
            sums[key] = sums.get(key, Decimal(0)) + value
    return sums


def sums_of(flow: str, rows: pa.Table, *names: str) -> Sums:
    """Exact sums of a table's rows. Arrow adds them up: as Python's objects a day's rows take ten times the memory.

    Args:
        flow: what the sums are of.
        rows: any number; a null value counts as zero.
        names: columns of the day, the currency and the value, which is a decimal.
    """
    *keys, value = names
    found = rows.group_by(keys).aggregate([(value, "sum")])
    return summed(flow, columns(found, *keys, f"{value}_sum"))


def athena(
    config: Settings, name: str, value: str, first: date, last: date, *, more: str = "", flow: str = "vendas"
) -> Sums:
    """Athena's sums of a table's days.

    Args:
        config: where Athena is.
        name: the table.
        value: the expression that is summed.
        first: first UTC day.
        last: last UTC day, included.
        more: a condition on top.
        flow: what the sums are of.
    """
    answer = run_query(
        f"SELECT data, moeda, sum({value}) FROM {name} "  # noqa: S608 - names and dates of ours
        f"WHERE data BETWEEN DATE '{first}' AND DATE '{last}' {more} GROUP BY data, moeda",
        config=config,
    )
    return summed(flow, answer.rows)
