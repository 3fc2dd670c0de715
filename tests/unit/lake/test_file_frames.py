"""A file is read in pieces whose size is bounded, however long its rows are."""

from pathlib import Path

import pyarrow as pa
import pytest

from acude.lake import data_files, file_frames
from acude.lake.data_files import FileWriter, Target
from acude.lake.file_frames import rows_of_file
from tests.buckets import Folder

SCHEMA = pa.schema([pa.field("dia", pa.string(), False), pa.field("n", pa.int64()), pa.field("x", pa.string())])
TARGET = Target("t", "t", SCHEMA, ("dia",))
HELD, KILOBYTE = 100_000, "x" * 1_000


def rows(numbers: range, text: str) -> pa.Table:
    return pa.table([["1"] * len(numbers), list(numbers), [text.format(n) for n in numbers]], schema=SCHEMA)


def pieces(place: Path, monkeypatch: pytest.MonkeyPatch, *written: pa.Table) -> list[pa.Table]:
    """What is read of a file with these rows, each written by a call of its own."""
    monkeypatch.setattr(data_files, "HELD_BYTES", HELD)
    monkeypatch.setattr(file_frames, "HELD_BYTES", HELD)
    (place / "t" / "dia=1").mkdir(parents=True)
    store = Folder(str(place).lstrip("/"), "none")
    writer = FileWriter(TARGET, store)
    for one in written:
        writer.write(one)
    (file,) = writer.close()
    found = list(rows_of_file(store, TARGET, file.path, file.partition))
    assert pa.concat_tables(found).cast(SCHEMA).equals(pa.concat_tables(written))
    return found


@pytest.mark.parametrize("text", [KILOBYTE, "{:08d}" + KILOBYTE], ids=["repeated", "distinct"])
def test_long_rows_come_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    found = pieces(tmp_path, monkeypatch, *(rows(range(n, n + 20), text) for n in range(0, 1_000, 20)))
    assert HELD / 2 < max(one.nbytes for one in found) < HELD * 1.5


def test_a_large_row_group_comes_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = pieces(tmp_path, monkeypatch, rows(range(1_000), "{:08d}" + KILOBYTE))
    assert HELD / 2 < max(one.nbytes for one in found) < HELD * 1.5


def test_a_row_that_is_longer_than_a_piece_comes_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = pieces(tmp_path, monkeypatch, rows(range(3), "{}" + KILOBYTE * 200))
    assert [one.num_rows for one in found] == [1, 1, 1]


def test_short_rows_come_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(pieces(tmp_path, monkeypatch, rows(range(1_000), "{}"))) == 1
