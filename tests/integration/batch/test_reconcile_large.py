"""What compares a large day's money holds its sums, not its lines: executors read the inbox's files and silver's."""

import tracemalloc
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from acude.publishing.publish import session
from acude.reconciliation.inbox import inbox_sums
from acude.reconciliation.money import silver_sums
from acude.reconciliation.report import Key, Sums
from acude.settings import settings
from jobs.batch import vendas
from tests.integration.batch.batch_lake import BatchLake, csv_of, line

LINES = 60_000
HELD = 2 * 2**20
"""Bytes; the file has twice as many, and its lines as rows ten times."""

Ask = Callable[[SparkSession, date], Sums]


def inbox(spark: SparkSession, day: date) -> Sums:
    return inbox_sums(spark, settings(), day, day).every


def silver(spark: SparkSession, day: date) -> Sums:
    return silver_sums(spark, settings(), day, day)


def held(ask: Ask, day: date) -> tuple[Sums, int]:
    """An answer, and the most bytes that Python and Arrow held in this process for it."""
    usual = pa.default_memory_pool()
    counted = pa.proxy_memory_pool(usual)
    with session() as spark:
        ask(spark, day.replace(day=1))
        pa.set_memory_pool(counted)
        tracemalloc.start()
        try:
            found = ask(spark, day)
            return found, tracemalloc.get_traced_memory()[1] + (counted.max_memory() or 0)
        finally:
            tracemalloc.stop()
            pa.set_memory_pool(usual)


def test_a_days_lines_are_summed_where_they_are_read(lake: BatchLake, day: date) -> None:
    few = [line(day.replace(day=1), order="1")]
    lake.send(day.replace(day=1), csv_of(*few))
    lines = [line(day, order=str(number)) for number in range(LINES)]
    lake.send(day, csv_of(*lines, lines[7]))
    vendas.run(day, "r1")
    vendas.run(day.replace(day=1), "r1")
    for ask in (inbox, silver):
        sums, most = held(ask, day)
        assert sums == {Key("vendas", day, "BRL"): Decimal(LINES) * 21}
        assert most < HELD, ask.__name__


@pytest.mark.parametrize("content", [b"\xff\xfe", csv_of("1,p1").replace(b"\n1,p1", b"\n\xff")])
def test_a_file_that_can_not_be_read_adds_nothing_and_is_named(lake: BatchLake, day: date, content: bytes) -> None:
    good = lake.send(day, csv_of(line(day)))
    bad = lake.send(day, csv_of(line(day, order="2")) + content, origin="parceiro")
    with session() as spark:
        found = inbox_sums(spark, settings(), day, day)
    assert (found.files, found.unreadable) == (2, [bad])
    assert (
        found.every
        == {Key("vendas", day, "BRL"): Decimal(21)}
        == {Key("vendas", *k[1:]): v for k, v in found.shop.items()}
    )
    assert good not in found.unreadable


def test_days_without_a_file_have_no_sums(lake: BatchLake, day: date) -> None:
    del lake
    with session() as spark:
        found = inbox_sums(spark, settings(), day, day)
    assert (found.files, found.every, found.rules()) == (0, {}, [])
