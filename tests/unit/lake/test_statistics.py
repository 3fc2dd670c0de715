"""A file's statistics never exclude a row that the file holds."""

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from acude.lake.statistics import statistics


def stats_of(values: list[Any], kind: pa.DataType, groups: int = 1_000) -> dict[str, Any]:
    rows = pa.table({"c": pa.array(values, kind)})
    sink = io.BytesIO()
    pq.write_table(rows, sink, row_group_size=groups, store_decimal_as_integer=True)
    found: dict[str, Any] = json.loads(statistics(pq.read_metadata(sink), rows.schema))
    return found


def test_numbers_and_days_have_their_bounds_over_all_row_groups() -> None:
    found = stats_of([5, None, -3, 9], pa.int64(), groups=2)
    assert found == {"numRecords": 4, "minValues": {"c": -3}, "maxValues": {"c": 9}, "nullCount": {"c": 1}}
    days = stats_of([date(2026, 11, 22), date(2026, 11, 20)], pa.date32())
    assert (days["minValues"]["c"], days["maxValues"]["c"]) == ("2026-11-20", "2026-11-22")


def test_times_are_rounded_outward_to_milliseconds() -> None:
    moment = datetime(2026, 11, 22, 23, 59, 59, 999_400, tzinfo=UTC)
    found = stats_of([moment], pa.timestamp("us", tz="UTC"))
    assert found["minValues"]["c"] == "2026-11-22T23:59:59.999Z"
    assert found["maxValues"]["c"] == "2026-11-23T00:00:00.000Z"


def test_decimals_and_long_texts_have_no_bounds() -> None:
    assert stats_of([Decimal("0.10"), Decimal("12345678901234.56")], pa.decimal128(18, 2))["minValues"] == {}
    assert stats_of(["a", "b" * 33], pa.string())["maxValues"] == {}
    assert stats_of(["a", "ção"], pa.string())["maxValues"] == {"c": "ção"}


def test_a_row_group_that_says_no_bounds_takes_away_the_files() -> None:
    found = stats_of(["a", "b", "z" * 5_000, None], pa.string(), groups=2)
    assert (found["minValues"], found["maxValues"], found["nullCount"]) == ({}, {}, {"c": 1})


def test_a_row_group_of_nulls_leaves_the_bounds_of_the_others() -> None:
    found = stats_of(["a", "b", None, None], pa.string(), groups=2)
    assert (found["minValues"], found["maxValues"], found["nullCount"]) == ({"c": "a"}, {"c": "b"}, {"c": 2})


def test_a_column_of_nulls_has_no_bounds() -> None:
    assert stats_of([None, None], pa.int32()) == {
        "numRecords": 2,
        "minValues": {},
        "maxValues": {},
        "nullCount": {"c": 2},
    }


def test_years_have_four_digits() -> None:
    found = stats_of([datetime(1, 1, 1, tzinfo=UTC), datetime(970, 5, 5, tzinfo=UTC)], pa.timestamp("us", tz="UTC"))
    assert (found["minValues"]["c"], found["maxValues"]["c"]) == (
        "0001-01-01T00:00:00.000Z",
        "0970-05-05T00:00:00.000Z",
    )


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([datetime.max.replace(tzinfo=UTC)], pa.timestamp("us", tz="UTC")),
        ([0, 2**62], pa.timestamp("us", tz="UTC")),
        ([-(2**62), 0], pa.timestamp("us")),
        ([0, 2**30], pa.date32()),
    ],
    ids=["rounded up", "time above", "time below", "day above"],
)
def test_what_lies_outside_the_calendar_has_no_bounds(values: list[Any], kind: pa.DataType) -> None:
    found = stats_of(values, kind)
    assert found == {"numRecords": len(values), "minValues": {}, "maxValues": {}, "nullCount": {"c": 0}}
