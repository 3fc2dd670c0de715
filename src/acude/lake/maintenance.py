"""Keeps tables small: few files for a closed day, no files and log entries that nobody needs any more.

The same verbs serve both drivers: the streams' driver runs them on its own tables between its queries, the batch's
through the warm server. Neither takes rows away or adds any, so readers and streams see nothing of it; only rows
older than their contract's retention go.
"""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pyspark.sql import SparkSession

from acude.aws import s3
from acude.contracts.model import Contract, tables
from acude.lake import delta_log
from acude.lake.delta import exists, partition_of, table_path
from acude.lake.lease import Lease, LeaseHeld
from acude.lake.provide import provide
from acude.lake.session import batch_session
from acude.lake.snapshot import snapshot
from acude.settings import Settings, settings

log = logging.getLogger(__name__)

FEW_FILES = 4
"""A day with no more files than this is left alone."""

LARGE_FILE = str(64 * 2**20)
"""Bytes from which on a file is not joined with others any more."""

REPLACED_OFTEN = timedelta(hours=1)
"""How long a live table keeps the files of its former states: thousands a day, read by queries of seconds."""

_DEFAULTS = "spark.databricks.delta.properties.defaults"


class MaintenanceError(ValueError):
    """What was asked for can't be done; says what would."""


def create(spark: SparkSession, contracts: list[Contract], config: Settings | None = None) -> None:
    """Provides tables, made so that Delta itself forgets log entries and removed files in time.

    The properties are set when a table is made: a later change of them would clash with running appends.

    Args:
        spark: the session of the contracts' writer.
        contracts: the tables.
        config: the process's settings unless given.
    """
    config = config or settings()
    kinds = {tuple(sorted(_properties(contract, config).items())) for contract in contracts}
    for kind in sorted(kinds):
        alike = [contract for contract in contracts if tuple(sorted(_properties(contract, config).items())) == kind]
        with _defaults(spark, dict(kind)), ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda contract: provide(spark, contract), alike))


def create_all(config: Settings) -> None:
    """Provides every table of the lake through the warm server, so that all can be read from the first day on.

    Those of the streams under their lease; where their driver holds it, it provides them itself.
    """
    spark = batch_session(config)
    try:
        create(spark, [contract for contract in tables() if contract.writer == "batch"], config)
        with suppress(LeaseHeld), Lease("streams", config):
            create(spark, stream_tables(), config)
    finally:
        spark.stop()


def _properties(contract: Contract, config: Settings) -> dict[str, str]:
    hours = _hours(REPLACED_OFTEN if is_live(contract) else config.expire_after)
    properties = {"deletedFileRetentionDuration": f"interval {hours} hours"}
    properties["logRetentionDuration"] = properties["deletedFileRetentionDuration"]
    if contract.writer == "streams":
        # A checkpoint costs as much as several small commits; every tenth, Delta's habit, would be too often.
        properties["checkpointInterval"] = "50"
    return properties


@contextmanager
def _defaults(spark: SparkSession, properties: dict[str, str]) -> Iterator[None]:
    for name, value in properties.items():
        spark.conf.set(f"{_DEFAULTS}.{name}", value)
    try:
        yield
    finally:
        for name in properties:
            spark.conf.unset(f"{_DEFAULTS}.{name}")


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
    if contract.retention and contract.partition_by:
        oldest = partition_of(contract, (datetime.now(UTC) - contract.retention).date())
        column, found = contract.partition_by[0], snapshot(contract)
        if found and found.files(oldest, "<"):
            spark.sql(f"DELETE FROM delta.`{table_path(contract)}` WHERE {column} < '{oldest}'").collect()  # noqa: S608
    hours = _hours(REPLACED_OFTEN if is_live(contract) else config.expire_after)
    if _has_files_to_spare(contract, config, datetime.now(UTC) - timedelta(hours=hours)):
        # Delta refuses less than a week unless told; how long is needed is this setting's business.
        spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")
        # It lists folders in this number of tasks; the default is ten thousand, even for one folder.
        spark.conf.set("spark.sql.sources.parallelPartitionDiscovery.parallelism", "4")
        spark.sql(f"VACUUM delta.`{table_path(contract)}` RETAIN {hours} HOURS").collect()
    follows_streams = contract.writer == "streams"
    return {"hours": hours, "log_files": delta_log.prune(contract) if follows_streams else 0}


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


def maintain_batch(day: date) -> list[dict[str, Any]]:
    """Compacts a closed day of every table of the batch driver and expires what nobody needs.

    Args:
        day: UTC day, before today.

    Returns:
        One entry a table: `table`, what `compact` says, `hours`.
    """
    spark = batch_session()
    try:
        found = [contract for contract in tables() if contract.writer == "batch" and exists(contract)]
        return [_maintained(spark, contract, day) for contract in found]
    finally:
        spark.stop()


def _maintained(spark: SparkSession, contract: Contract, day: date) -> dict[str, Any]:
    done = compact(spark, contract, day) if contract.partition_by else {}
    return {"table": contract.full_name, **done, **expire(spark, contract)}


def stream_tables() -> list[Contract]:
    """The tables that the streams' driver writes."""
    return [contract for contract in tables() if contract.writer == "streams"]


def _hours(time: timedelta) -> int:
    return int(time.total_seconds() // 3600)


def is_live(contract: Contract) -> bool:
    """Whether the table is replaced as a whole several times a minute."""
    return contract.name.startswith("ao_vivo_")
