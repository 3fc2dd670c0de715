"""Keeps tables small: few files per closed day, and no files or log entries that nothing needs any more.

The streams' driver runs `compact` and `expire` on its own tables beside its queries. Neither changes rows, so readers
and streams don't notice; only rows older than their contract's retention are deleted.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession

from acude.contracts.model import STREAMS, Contract, tables
from acude.errors import AcudeError
from acude.lake import delta_log
from acude.lake.commit import BatchWriter, Change, Writer, commit, rewrite
from acude.lake.data_files import (
    FILE_BYTES,
    DataFile,
    FileWriter,
    Target,
    described,
    parsed,
)
from acude.lake.delta import hours_kept, partition_of
from acude.lake.ensure_table import ensure_table
from acude.lake.file_frames import files_of, rows_of_file
from acude.lake.lease import Lease, LeaseHeld
from acude.lake.object_store import object_store
from acude.lake.snapshot import Snapshot, snapshot
from acude.settings import Settings, settings

FEW_FILES = 4
"""A day with no more files than this is left alone."""

LARGE_FILE = 64 * 2**20
"""Bytes from which on a file is not joined with others any more."""


class MaintenanceError(AcudeError):
    """What was asked for can't be done; says what would."""


def create_all(config: Settings | None = None) -> None:
    """Creates every table of the lake that is missing, so that all can be read from the first day on.

    The streams' tables are created under the streams' lease. A driver that holds it creates them itself.
    """
    create([contract for contract in tables() if contract.writer == "batch"], config)
    with suppress(LeaseHeld), Lease(STREAMS, config):
        create(stream_tables(), config)


def create(contracts: list[Contract], config: Settings | None = None) -> None:
    """Creates the tables that are missing, with `ensure_table`."""
    for contract in contracts:
        ensure_table(contract, config)


def compact(spark: SparkSession, writer: Writer, contract: Contract, day: date) -> dict[str, int]:
    """Joins the small files of a day, in one commit that changes no rows; today's are joined as far as they are there.

    Args:
        spark: a session; its executors read and write the files.
        writer: the table's.
        contract: the table.
        day: UTC day; its month in a monthly table.

    Returns:
        `files` before, `removed` and `added`.

    Raises:
        MaintenanceError: the day hasn't begun, or the table has no days.
    """
    if day > datetime.now(UTC).date():
        raise MaintenanceError(f"{contract.full_name}: {day} has not begun (UTC); compact days up to today")
    if not contract.partition_by:
        raise MaintenanceError(f"{contract.full_name} has no partition by day; only `expire` makes sense for it")
    found = snapshot(contract)
    files = found.described(partition_of(contract, day)) if found else []
    small = [file for file in files if file.size < LARGE_FILE]
    if found is None or len(small) <= FEW_FILES:
        return {"files": len(files), "removed": 0, "added": 0}
    joined = join_files(spark, contract, small)
    done = rewrite(found.table, writer, [file.path for file in small], joined)
    return {"files": len(files), "removed": len(small) if done else 0, "added": len(joined) if done else 0}


def join_files(spark: SparkSession, contract: Contract, files: Sequence[DataFile]) -> list[DataFile]:
    """Writes the rows of small files into few large ones, on the executors.

    Args:
        spark: a session.
        contract: the table.
        files: of any partitions.
    """
    target, store = Target.of(contract), object_store(settings())

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        writer = FileWriter(target, store)
        for batch in batches:
            for file in (one for text in batch["arquivos"].to_pylist() for one in parsed(json.loads(text))):
                for rows in rows_of_file(store, target, file.path, file.partition):
                    writer.write(rows)
        yield described(writer.close())

    groups = [(json.dumps(described(group)["arquivo"].to_pylist()),) for group in _groups(files)]
    frame = spark.createDataFrame(groups, "arquivos string").repartition(len(groups))
    return files_of(frame.mapInArrow(run, "arquivo string, visto string"))


def _groups(files: Sequence[DataFile]) -> list[list[DataFile]]:
    """The files of each partition, as many together as make one large file."""
    groups: list[list[DataFile]] = []
    place, size = None, 0
    for file in sorted(files, key=lambda one: (sorted(one.partition.items()), one.size)):
        if not groups or file.partition != place or size + file.size > FILE_BYTES:
            groups.append([])
            place, size = file.partition, 0
        groups[-1].append(file)
        size += file.size
    return groups


def expire(writer: Writer, contract: Contract, config: Settings | None = None) -> dict[str, int]:
    """Removes rows older than the contract's retention, then deletes files that no version of the time kept needs.

    Files that a writer left without a commit go, too, once they are that old.

    Args:
        writer: the table's.
        contract: the table.
        config: the process's settings unless given; `expire_after` says how long readers may lag behind.

    Returns:
        `hours` for which removed files stay, how many `files` and `log_files` went.
    """
    config = config or settings()
    hours, found = hours_kept(contract, config), snapshot(contract, config)
    if not found:
        return {"hours": hours, "files": 0, "log_files": 0}
    if oldest := _oldest_kept(contract):
        commit(found.table, writer, lambda table: _without(Snapshot(contract, table), oldest))
    gone = found.table.vacuum(hours, enforce_retention_duration=False, full=True)
    if gone:
        found.table.vacuum(hours, dry_run=False, enforce_retention_duration=False, full=True)
    follows_streams = contract.writer == STREAMS
    log_files = delta_log.prune(contract, config) if follows_streams else 0
    return {"hours": hours, "files": len(gone), "log_files": log_files}


def _without(found: Snapshot, oldest: str) -> Change | None:
    """Removes the files of partitions before `oldest`."""
    old = [file.path for file in found.described(oldest, "<")]
    return Change(remove=old) if old else None


def _oldest_kept(contract: Contract) -> str | None:
    """The oldest partition that the contract's retention keeps; None where it keeps all."""
    if not (contract.retention and contract.partition_by):
        return None
    return partition_of(contract, (datetime.now(UTC) - contract.retention).date())


def maintain_batch() -> list[dict[str, Any]]:
    """Runs `expire` on the batch's tables; a day of theirs is one file, so there is nothing to compact.

    Returns:
        One entry per table: `table` and what `expire` says of it.
    """
    batch = [contract for contract in tables() if contract.writer == "batch"]
    return [{"table": contract.full_name, **expire(BatchWriter(), contract)} for contract in batch]


def stream_tables() -> list[Contract]:
    """The tables that the streams' driver writes."""
    return [contract for contract in tables() if contract.writer == STREAMS]
