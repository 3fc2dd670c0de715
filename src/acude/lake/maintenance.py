"""Keeps tables small: few files for a closed day, no files and log entries that nobody needs any more.

The streams' driver runs `compact` and `expire` on its own tables beside its queries; the batch's tables need no Spark.
Nothing here takes rows away or adds any, so readers and streams see nothing of it; only rows older than their
contract's retention go.
"""

import logging
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

from deltalake import DeltaTable
from pyspark.sql import SparkSession

from acude.aws import s3
from acude.contracts.model import Contract, tables
from acude.errors import AcudeError
from acude.lake import delta_log
from acude.lake.delta import hours_kept, partition_of, table_path
from acude.lake.lease import Lease, LeaseHeld
from acude.lake.provide import provide
from acude.lake.snapshot import snapshot
from acude.settings import Settings, settings

log = logging.getLogger(__name__)

FEW_FILES = 4
"""A day with no more files than this is left alone."""

LARGE_FILE = str(64 * 2**20)
"""Bytes from which on a file is not joined with others any more."""


class MaintenanceError(AcudeError):
    """What was asked for can't be done; says what would."""


def create_all(config: Settings | None = None) -> None:
    """Provides every table of the lake, so that all can be read from the first day on.

    Those of the streams under their lease; where their driver holds it, it provides them itself.
    """
    create([contract for contract in tables() if contract.writer == "batch"], config)
    with suppress(LeaseHeld), Lease("streams", config):
        create(stream_tables(), config)


def create(contracts: list[Contract], config: Settings | None = None) -> None:
    """Provides tables."""
    for contract in contracts:
        provide(contract, config)


def compact(spark: SparkSession, contract: Contract, day: date) -> dict[str, int]:
    """Joins the small files of a day, in one commit that changes no rows; today's are joined as far as they are there.

    Args:
        spark: a session of the contract's writer.
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
    column, value = contract.partition_by[0], partition_of(contract, day)
    found = snapshot(contract)
    files = len(found.files(value)) if found else 0
    if files <= FEW_FILES:
        return {"files": files, "removed": 0, "added": 0}
    # What was joined an hour ago and has grown large enough is left alone.
    spark.conf.set("spark.databricks.delta.optimize.minFileSize", LARGE_FILE)
    done = spark.sql(f"OPTIMIZE delta.`{table_path(contract)}` WHERE {column} = '{value}'").collect()[0].metrics
    return {"files": files, "removed": done.numFilesRemoved, "added": done.numFilesAdded}


def expire(spark: SparkSession, contract: Contract, config: Settings | None = None) -> dict[str, int]:
    """Deletes rows older than the contract's retention, then files that no version of the time kept needs.

    Args:
        spark: a session of the contract's writer.
        contract: the table.
        config: the process's settings unless given; `expire_after` says how long readers may lag behind.

    Returns:
        `hours` for which removed files stay, `log_files` that went.
    """
    config = config or settings()
    if oldest := _oldest_kept(contract):
        column, found = contract.partition_by[0], snapshot(contract)
        if found and found.files(oldest, "<"):
            spark.sql(f"DELETE FROM delta.`{table_path(contract)}` WHERE {column} < '{oldest}'").collect()  # noqa: S608
    hours = hours_kept(contract, config)
    if _has_files_to_spare(contract, config, datetime.now(UTC) - timedelta(hours=hours)):
        # Delta refuses less than a week unless told; how long is needed is this setting's business.
        spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")
        # It lists folders in this number of tasks; the default is ten thousand, even for one folder.
        spark.conf.set("spark.sql.sources.parallelPartitionDiscovery.parallelism", "4")
        spark.sql(f"VACUUM delta.`{table_path(contract)}` RETAIN {hours} HOURS").collect()
    follows_streams = contract.writer == "streams"
    return {"hours": hours, "log_files": delta_log.prune(contract) if follows_streams else 0}


def _oldest_kept(contract: Contract) -> str | None:
    """The oldest partition that the contract's retention keeps; None where it keeps all."""
    if not (contract.retention and contract.partition_by):
        return None
    return partition_of(contract, (datetime.now(UTC) - contract.retention).date())


def _has_files_to_spare(contract: Contract, config: Settings, before: datetime) -> bool:
    """Whether there is a file from before that moment which the table no longer has: VACUUM takes seconds to find none.

    What was removed lately may count too early; what a writer left without a commit counts as well.
    """
    found = snapshot(contract, config)
    if found is None:
        return False
    needed = {uri.partition(f"{config.lake_bucket}/")[2] for uri in found.table.file_uris()}
    listed = s3(config).get_paginator("list_objects_v2")
    return any(
        entry["LastModified"] < before and entry["Key"] not in needed
        for page in listed.paginate(Bucket=config.lake_bucket, Prefix=f"{contract.prefix}/")
        for entry in page.get("Contents", ())
        if "/_delta_log/" not in entry["Key"]
    )


def maintain_batch() -> list[dict[str, Any]]:
    """Lets go of what nobody needs in the batch's tables; a day of theirs is one file, so there is nothing to join.

    Returns:
        One entry a table: `table`, `hours` for which removed files stay, how many `files` went.
    """
    config = settings()
    found = [(contract, snapshot(contract, config)) for contract in tables() if contract.writer == "batch"]
    return [_let_go(contract, one.table, config) for contract, one in found if one]


def _let_go(contract: Contract, table: DeltaTable, config: Settings) -> dict[str, Any]:
    if oldest := _oldest_kept(contract):
        table.delete(f"{contract.partition_by[0]} < '{oldest}'")
    hours = hours_kept(contract, config)
    gone = table.vacuum(hours, enforce_retention_duration=False)
    if gone:
        table.vacuum(hours, dry_run=False, enforce_retention_duration=False)
    return {"table": contract.full_name, "hours": hours, "files": len(gone)}


def stream_tables() -> list[Contract]:
    """The tables that the streams' driver writes."""
    return [contract for contract in tables() if contract.writer == "streams"]
