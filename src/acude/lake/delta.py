"""The batch driver's verbs on a Delta table: where it lies, make it, replace a day, read a day.

Only one Spark driver writes a table: Delta on S3 keeps commits apart by a lock inside one JVM. Every batch task is a
client of the same warm Spark Connect server, so that runs of different days may commit side by side.
"""

import json
from datetime import date, timedelta

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random_exponential

from acude.contracts.model import Contract
from acude.contracts.spark import ddl, schema
from acude.lake import delta_log
from acude.lake.records import s3
from acude.settings import settings

_PROPERTIES = {
    # Athena and Redshift read reader version 1: no deletion vectors, column mapping or v2 checkpoints.
    "delta.minReaderVersion": "1",
    "delta.minWriterVersion": "2",
    "delta.enableDeletionVectors": "false",
    "delta.checkpointPolicy": "classic",
}
_CONFLICTS = ("DELTA_CONCURRENT", "DELTA_METADATA_CHANGED", "DELTA_PROTOCOL_CHANGED", "DELTA_VERSIONS_NOT_CONTIGUOUS")


class ContractViolation(ValueError):  # noqa: N818 - the style guide's name for it
    """Rows that don't keep their table's contract; carries table, column, what was found and the rule."""

    def __init__(self, table: str, column: str, found: str, rule: str) -> None:
        super().__init__(f"{table}: column {column} is {found}, but its contract says {rule}")
        self.table = table
        self.column = column
        self.found = found
        self.rule = rule


def table_path(contract: Contract) -> str:
    """The table's URL for Spark: `s3a://acude-lake/gold/mais_vendidos`."""
    return f"{settings().lake}/{contract.prefix}"


def exists(contract: Contract) -> bool:
    """Whether the table was ever created."""
    found = s3().list_objects_v2(Bucket=settings().lake_bucket, Prefix=f"{delta_log.folder(contract)}0", MaxKeys=1)
    return bool(found.get("Contents"))


def has_files(contract: Contract, day: date) -> bool:
    """Whether anything lies in the day's partition, also what no version shows any more."""
    prefix = f"{contract.prefix}/{partition_column(contract)}={partition_of(contract, day)}/"
    return bool(s3().list_objects_v2(Bucket=settings().lake_bucket, Prefix=prefix, MaxKeys=1).get("Contents"))


def ensure(spark: SparkSession, contract: Contract) -> None:
    """Creates the empty table where it is absent: columns, comments, NOT NULL, partitions, reader version 1.

    Args:
        spark: a classic session or a Connect client of the contract's writer.
        contract: the table.
    """
    if exists(contract):
        return
    partitions = f"PARTITIONED BY ({', '.join(contract.partition_by)})" if contract.partition_by else ""
    properties = ", ".join(f"'{key}' = '{value}'" for key, value in _PROPERTIES.items())
    statement = (
        f"CREATE TABLE IF NOT EXISTS delta.`{table_path(contract)}` ({ddl(contract)}) "
        f"USING delta {partitions} TBLPROPERTIES ({properties})"
    )
    retried(lambda: spark.sql(statement).collect())


def partition_of(contract: Contract, day: date) -> str:
    """Value of the partition column for a day: the day itself, or its month in a monthly table."""
    return day.strftime("%Y-%m") if partition_column(contract) == "mes" else day.isoformat()


def replace_day(frame: DataFrame, contract: Contract, day: date, *, run_id: str, content_hash: str) -> int | None:
    """Replaces a day (a month in a monthly table) by the frame's rows, in one commit; all other partitions stay.

    Args:
        frame: the contract's columns in the contract's order and types; all rows of that partition.
        contract: the table, which must exist (`ensure`).
        day: UTC day.
        run_id: goes into the commit's userMetadata.
        content_hash: hash of the frame's rows, goes there too.

    Returns:
        The commit's version.

    Raises:
        ContractViolation: names, order or types differ from the contract.
        PySparkException: Delta refused the rows (a null in a required column, another partition) or stayed in conflict.
    """
    check_columns(frame, contract)
    partition = partition_of(contract, day)
    metadata = {"tabela": contract.full_name, "particao": partition, "execucao": run_id, "hash": content_hash}
    writer = (
        frame.coalesce(1)
        .write.format("delta")
        .mode("overwrite")
        .option("replaceWhere", f"{partition_column(contract)} = '{partition}'")
        .option("userMetadata", json.dumps(metadata))
    )
    retried(lambda: writer.save(table_path(contract)))
    return delta_log.version_with(contract, metadata)


def read_day(spark: SparkSession, contract: Contract, day: date) -> DataFrame:
    """The rows of one day (month); no rows where the table doesn't exist yet."""
    return _table(spark, contract).where(f.col(partition_column(contract)) == f.lit(partition_of(contract, day)))


def read_days(spark: SparkSession, contract: Contract, first: date, last: date) -> DataFrame:
    """The rows of the days from first to last, both included; no rows where the table doesn't exist yet."""
    column = f.col(partition_column(contract))
    return _table(spark, contract).where(column.between(f.lit(first), f.lit(last)))


def days_of_month(day: date) -> tuple[date, date]:
    """First and last day of a day's month.

    >>> days_of_month(date(2011, 2, 9))
    (datetime.date(2011, 2, 1), datetime.date(2011, 2, 28))
    """
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def each_day(first: date, last: date) -> list[date]:
    """All days from first to last, both included.

    >>> each_day(date(2011, 2, 28), date(2011, 3, 1))
    [datetime.date(2011, 2, 28), datetime.date(2011, 3, 1)]
    """
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def check_columns(frame: DataFrame, contract: Contract) -> None:
    """Refuses a frame whose columns are not exactly the contract's.

    Raises:
        ContractViolation: the first difference.
    """
    expected = [(field.name, field.dataType) for field in schema(contract)]
    found = [(field.name, field.dataType) for field in frame.schema]
    for place, (name, kind) in enumerate(expected):
        if place >= len(found) or found[place][0] != name:
            got = found[place][0] if place < len(found) else "no column"
            raise ContractViolation(
                contract.full_name, name, f"{got} at place {place + 1}", f"{name} {kind.simpleString()}"
            )
        if found[place][1] != kind:
            raise ContractViolation(contract.full_name, name, found[place][1].simpleString(), kind.simpleString())
    for name, _ in found[len(expected) :]:
        raise ContractViolation(contract.full_name, name, "there", "there is no such column")


def partition_column(contract: Contract) -> str:
    """The column by which a table of days or months is divided; what divides a day further stands behind it.

    Raises:
        ValueError: there is none.
    """
    if not contract.partition_by:
        raise ValueError(f"{contract.full_name} has no partition column; a table by day begins with one")
    return contract.partition_by[0]


def _table(spark: SparkSession, contract: Contract) -> DataFrame:
    if not exists(contract):
        return spark.createDataFrame([], schema(contract))
    return spark.read.format("delta").load(table_path(contract)).select(*contract.column_names)


def _is_conflict(problem: BaseException) -> bool:
    return isinstance(problem, PySparkException) and any(code in str(problem) for code in _CONFLICTS)


retried = retry(
    retry=retry_if_exception(_is_conflict),
    stop=stop_after_attempt(8),
    wait=wait_random_exponential(max=4),
    reraise=True,
)(lambda action: action())
