"""The files of a writer: their row groups, and what it holds meanwhile."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from acude.lake import data_files
from acude.lake.data_files import DataFile, FileWriter, Target
from tests.buckets import Folder

SCHEMA = pa.schema([pa.field("dia", pa.string(), False), pa.field("x", pa.string(), True)])
KILOBYTE = "x" * 1_000


@pytest.fixture
def writer(tmp_path: Path) -> FileWriter:
    for day in range(4):
        (tmp_path / "t" / f"dia={day}").mkdir(parents=True)
    return FileWriter(Target("t", "t", SCHEMA, ("dia",)), Folder(str(tmp_path).lstrip("/"), "none"))


def rows(number: int, text: str, days: int = 1) -> pa.Table:
    return pa.table([[str(n % days) for n in range(number)], [f"{n}{text}" for n in range(number)]], schema=SCHEMA)


def groups(place: Path, files: list[DataFile]) -> list[list[int]]:
    found = [pq.read_metadata(place / "t" / file.path) for file in files]
    return [[one.row_group(n).num_rows for n in range(one.num_row_groups)] for one in found]


def test_small_batches_come_together_in_row_groups(
    tmp_path: Path, writer: FileWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_files, "GROUP_ROWS", 100)
    for _ in range(5):
        writer.write(rows(40, ""))
    assert groups(tmp_path, writer.close()) == [[80, 80, 40]]


def test_a_batch_larger_than_a_row_group_is_divided(
    tmp_path: Path, writer: FileWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_files, "GROUP_ROWS", 100)
    writer.write(rows(250, ""))
    assert groups(tmp_path, writer.close()) == [[100, 100, 50]]


def test_long_rows_of_many_partitions_are_held_up_to_a_limit(
    tmp_path: Path, writer: FileWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_files, "HELD_BYTES", 100_000)
    most = 0
    for _ in range(50):
        writer.write(rows(40, KILOBYTE, days=4))
        most = max(most, sum(file.held_bytes for file in writer._open.values()))
    assert 50_000 < most <= 100_000
    files = writer.close()
    assert sum(file.rows for file in files) == 2_000
    assert all(len(sizes) > 1 for sizes in groups(tmp_path, files))
