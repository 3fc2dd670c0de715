"""Bronze is rebuilt in parts that end between two micro-batches."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from acude.ingestion.rebuild import parts

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("batches", "cut"),
    [
        ([], []),
        ([3], [(0, 0, 3)]),
        ([4, 6, 1], [(0, 1, 10), (2, 2, 1)]),
        ([4, 7, 3], [(0, 0, 4), (1, 2, 10)]),
        ([1, 25, 1, 1], [(0, 0, 1), (1, 1, 25), (2, 3, 2)]),
    ],
)
def test_a_part_has_whole_batches_and_no_more_records_than_wanted(
    batches: list[int], cut: list[tuple[int, int, int]]
) -> None:
    stamps = [NOON + number * timedelta(microseconds=1) for number in range(len(batches))]
    columns = [pa.array(stamps, pa.timestamp("us", "UTC")), pa.array(batches, pa.int64())]
    found = parts(pa.table(columns, ["ingerido_em", "registros"]), 10)
    assert list(found) == [(stamps[first], stamps[last], records) for first, last, records in cut]
