"""A commit is decided on the table as it is, also while others write it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable, Schema

from acude.lake.commit import (
    BatchWriter,
    Change,
    LeaseLost,
    PartitionChanged,
    append_once,
    commit,
    replace_partitions,
    rewrite,
)
from acude.lake.data_files import ContractViolation, DataFile, FileWriter, Target
from acude.lake.listed_files import listed_files
from tests.buckets import Folder

SCHEMA = pa.schema([pa.field("dia", pa.string(), False), pa.field("x", pa.int64(), True)])


@dataclass
class Holder:
    """A driver with a lease of this number."""

    number: int | None
    name: str = "streams"

    def check(self) -> None:
        """The lease's own clock says nothing."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    configuration = {"delta.enableDeletionVectors": "false"}
    DeltaTable.create(str(tmp_path / "t"), Schema.from_arrow(SCHEMA), partition_by=["dia"], configuration=configuration)
    return tmp_path


def files(place: Path, *rows: tuple[str, int | None]) -> list[DataFile]:
    for day in {day for day, _ in rows}:
        (place / "t" / f"dia={day}").mkdir(parents=True, exist_ok=True)
    writer = FileWriter(Target("t", "t", SCHEMA, ("dia",)), Folder(str(place).lstrip("/"), "none"))
    days, numbers = zip(*rows, strict=True)
    writer.write(pa.table([pa.array(days), pa.array(numbers, pa.int64())], names=SCHEMA.names))
    return writer.close()


def table(place: Path) -> DeltaTable:
    return DeltaTable(str(place / "t"))


def rows(place: Path) -> list[tuple[str, int]]:
    found = table(place).to_pyarrow_table()
    return sorted(zip(found["dia"].to_pylist(), found["x"].to_pylist(), strict=True))


def test_a_batch_that_is_tried_again_is_there_once(place: Path) -> None:
    for _ in range(2):
        append_once(table(place), Holder(1), files(place, ("1", 1), ("2", 2)), "ingest-a:t", 7)
    append_once(table(place), Holder(1), files(place, ("1", 3)), "ingest-a:t", 8)
    append_once(table(place), Holder(1), files(place, ("1", 4)), "ingest-a:t", 7)
    assert rows(place) == [("1", 1), ("1", 3), ("2", 2)]


def test_a_driver_that_was_paused_between_looking_and_committing_commits_nothing_twice(place: Path) -> None:
    paused = table(place)
    append_once(table(place), Holder(2), files(place, ("1", 1)), "ingest-a:t", 7)
    looked: list[int] = []

    def decide(found: DeltaTable) -> Change | None:
        looked.append(found.version())
        if len(looked) == 1:
            # The next holder commits the same batch while this one sleeps.
            append_once(table(place), Holder(2), files(place, ("1", 2)), "ingest-a:t", 8)
        last = found.transaction_version("ingest-a:t")
        return Change(files(place, ("1", 2))) if last is None or last < 8 else None

    commit(paused, Holder(2), decide, done=("ingest-a:t", 8))
    assert rows(place) == [("1", 1), ("1", 2)]
    assert looked == [1, 2]


def test_a_driver_that_lost_its_lease_cannot_commit(place: Path) -> None:
    append_once(table(place), Holder(10), files(place, ("1", 1)), "ingest-a:t", 1)
    append_once(table(place), Holder(11), files(place, ("1", 2)), "ingest-a:t", 2)
    for late in (append_once, _replace):
        with pytest.raises(LeaseLost):
            late(table(place), Holder(10), files(place, ("1", 3)), "ingest-b:t", 9)
    assert rows(place) == [("1", 1), ("1", 2)]


def _replace(into: DeltaTable, writer: Holder, new: Sequence[DataFile], *_: object) -> None:
    replace_partitions(into, writer, new, [{"dia": "1"}])


def test_a_driver_that_loses_its_lease_while_it_commits_gives_up(place: Path) -> None:
    def decide(_: DeltaTable) -> Change:
        append_once(table(place), Holder(11), files(place, ("1", 2)), "ingest-a:t", 2)
        return Change(files(place, ("1", 3)))

    with pytest.raises(LeaseLost):
        commit(table(place), Holder(10), decide)
    assert rows(place) == [("1", 2)]


def test_replacing_a_day_leaves_the_other_days_files_alone(place: Path) -> None:
    replace_partitions(table(place), BatchWriter(), files(place, ("1", 1), ("2", 2)), [{"dia": "1"}, {"dia": "2"}])
    other = [one for one in table(place).file_uris() if "dia=2" in one]
    replace_partitions(table(place), BatchWriter(), files(place, ("1", 5)), [{"dia": "1"}])
    assert rows(place) == [("1", 5), ("2", 2)]
    assert set(other) <= set(table(place).file_uris())


def test_a_commit_says_its_version(place: Path) -> None:
    assert replace_partitions(table(place), BatchWriter(), files(place, ("1", 1)), [{"dia": "1"}]) == 1
    assert replace_partitions(table(place), BatchWriter(), files(place, ("1", 2)), [{"dia": "1"}]) == 2


def test_nothing_in_the_place_of_nothing_is_no_commit(place: Path) -> None:
    assert replace_partitions(table(place), BatchWriter(), [], [{"dia": "1"}]) == 0


def test_what_is_there_already_is_not_put_there_again(place: Path) -> None:
    new = files(place, ("1", 1))
    versions = [replace_partitions(table(place), BatchWriter(), new, [{"dia": "1"}]) for _ in range(2)]
    assert versions[0] == versions[1] > 0
    assert rows(place) == [("1", 1)]


def test_what_was_not_seen_is_not_replaced(place: Path) -> None:
    replace_partitions(table(place), BatchWriter(), files(place, ("1", 1)), [{"dia": "1"}], seen=[])
    with pytest.raises(PartitionChanged):
        replace_partitions(table(place), BatchWriter(), files(place, ("1", 2)), [{"dia": "1"}], seen=[])
    replace_partitions(table(place), BatchWriter(), files(place, ("2", 3)), [{"dia": "2"}], seen=[])
    assert rows(place) == [("1", 1), ("2", 3)]


def test_two_runs_of_one_day_leave_the_rows_of_one(place: Path) -> None:
    views = [table(place), table(place)]
    new = [files(place, ("1", number)) for number in (1, 2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda n: replace_partitions(views[n], BatchWriter(), new[n], [{"dia": "1"}]), range(2)))
    assert rows(place) in ([("1", 1)], [("1", 2)])


def test_files_are_not_joined_where_one_of_them_is_gone(place: Path) -> None:
    replace_partitions(table(place), BatchWriter(), files(place, ("1", 1)), [{"dia": "1"}])
    old = [pa.table(table(place).get_add_actions(flatten=True)).to_pylist()[0]["path"]]
    replace_partitions(table(place), BatchWriter(), files(place, ("1", 2)), [{"dia": "1"}])
    assert not rewrite(table(place), BatchWriter(), old, files(place, ("1", 1)))
    assert rows(place) == [("1", 2)]


def test_a_null_where_the_contract_wants_a_value_is_not_written(place: Path) -> None:
    writer = FileWriter(Target("t", "t", SCHEMA, ("dia",)), Folder(str(place).lstrip("/"), "none"))
    with pytest.raises(ContractViolation, match="column dia is null in 1 rows, but its contract says it is required"):
        writer.write(pa.table([pa.array(["1", None]), pa.array([1, 2])], names=SCHEMA.names))


def test_a_type_that_is_not_the_contracts_is_not_written(place: Path) -> None:
    writer = FileWriter(Target("t", "t", SCHEMA, ("dia",)), Folder(str(place).lstrip("/"), "none"))
    with pytest.raises(ContractViolation, match=f"is double, but its contract says {SCHEMA.types[1]}"):
        writer.write(pa.table([pa.array(["1"]), pa.array([2.0])], names=SCHEMA.names))


def test_a_value_that_cannot_be_a_folder_is_not_written(place: Path) -> None:
    with pytest.raises(ValueError, match="can't name a partition"):
        files(place, ("../../2", 1))


def test_the_files_of_one_place_are_listed_by_their_partition(place: Path) -> None:
    written = files(place, ("1", 1), ("2", 2), ("2", 3))
    replace_partitions(table(place), BatchWriter(), written, [{}])
    found = listed_files(table(place), pc.field("dia") == "2")
    assert [(one.partition, one.rows) for one in found] == [({"dia": "2"}, 2)]
    assert {(one.path, one.size) for one in listed_files(table(place))} == {(one.path, one.size) for one in written}


def test_a_table_without_files_lists_none(place: Path) -> None:
    assert listed_files(table(place), pc.field("dia") == "2") == []
