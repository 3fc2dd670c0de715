"""A day that no calendar has makes a file unreadable, and ends nothing."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.fs import LocalFileSystem

from acude.reconciliation import source_files


@pytest.mark.parametrize("day", [2**31 - 1, -(2**31)])
def test_a_day_beyond_the_calendar_is_the_files_fault(day: int, tmp_path: Path) -> None:
    path = tmp_path / "2026-11-28.parquet"
    pq.write_table(pa.table({"data": pa.array([day], pa.int32()).view(pa.date32())}), path)
    with pytest.raises(source_files._UNREADABLE):
        list(source_files._rows(LocalFileSystem(), str(path)))
