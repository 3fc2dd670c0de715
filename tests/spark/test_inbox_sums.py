"""What the lines of the inbox's files add up to: one row per file and currency, however many lines there are."""

from decimal import Decimal
from typing import Any

from pyspark.sql import SparkSession

from acude.reconciliation.inbox import sums_per_file
from tests.spark.conftest import tuples

LINES = "arquivo int, linha binary, moeda string, receita decimal(28,4), ilegivel boolean"


def summed(spark: SparkSession, *lines: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    return tuples(sums_per_file(spark.createDataFrame(list(lines), LINES)), "arquivo", "moeda", "ilegivel", "receita")


def sold(file: int, line: bytes, currency: str, revenue: str) -> tuple[Any, ...]:
    return file, line, currency, Decimal(revenue), False


def test_lines_are_summed_by_file_and_currency(spark: SparkSession) -> None:
    found = summed(
        spark,
        sold(0, b"a", "BRL", "1.5000"),
        sold(0, b"b", "BRL", "2"),
        sold(0, b"c", "USD", "3"),
        sold(1, b"a", "BRL", "4"),
    )
    assert found == [
        (0, "BRL", False, Decimal("3.5000")),
        (0, "USD", False, Decimal("3.0000")),
        (1, "BRL", False, Decimal("4.0000")),
    ]


def test_a_line_that_is_repeated_in_its_file_counts_once_and_in_another_file_again(spark: SparkSession) -> None:
    again = sold(0, b"a", "BRL", "1")
    found = summed(spark, again, again, sold(0, b"b", "BRL", "1"), sold(1, b"a", "BRL", "1"))
    assert [row[-1] for row in found] == [Decimal("2.0000"), Decimal("1.0000")]


def test_a_file_that_can_not_be_read_has_a_row_of_its_own(spark: SparkSession) -> None:
    found = summed(spark, sold(0, b"a", "BRL", "1"), (0, None, None, None, True))
    assert found == [(0, "BRL", False, Decimal("1.0000")), (0, None, True, None)]


def test_the_largest_sums_of_a_day_stay_exact(spark: SparkSession) -> None:
    most = "999999999999999999999999.9999"
    assert summed(spark, *(sold(0, bytes([n]), "BRL", most) for n in range(10)))[0][-1] == 10 * Decimal(most)
