"""The verbs on a Delta table: where it lies, replace a day, read a day.

The batch's tables are written with delta-rs, by the task that publishes: a commit takes milliseconds, and S3 itself
keeps commits apart. Spark computes what is written. The streams' tables are written by their one Spark driver.
"""

import json
from datetime import date, timedelta
from typing import Final

import pyarrow as pa
from deltalake import ColumnProperties, CommitProperties, DeltaTable, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from acude.contracts.model import Contract
from acude.contracts.spark import arrow_schema, schema
from acude.errors import AcudeError
from acude.lake import delta_log
from acude.lake.records import s3
from acude.settings import Settings, settings

REPLACED_OFTEN: Final = timedelta(hours=1)
"""How long a live table keeps the files of its former states: thousands a day, read by queries of seconds."""

_until_nobody_else_commits = Retrying(
    retry=retry_if_exception_type(CommitFailedError),
    stop=stop_after_attempt(8),
    wait=wait_random_exponential(max=4),
    reraise=True,
)
"""Commits of other days pass each other by themselves; who replaces a day that was just replaced looks at it anew."""


class ContractViolation(AcudeError):  # noqa: N818 - the style guide's name for it
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


def is_live(contract: Contract) -> bool:
    """Whether the table is replaced as a whole several times a minute."""
    return contract.name.startswith("ao_vivo_")


def hours_kept(contract: Contract, config: Settings) -> int:
    """How long files that the table no longer needs are kept."""
    return int((REPLACED_OFTEN if is_live(contract) else config.expire_after).total_seconds() // 3600)


def partition_of(contract: Contract, day: date) -> str:
    """Value of the partition column for a day: the day itself, or its month in a monthly table."""
    return day.strftime("%Y-%m") if partition_column(contract) == "mes" else day.isoformat()


def replace_day(
    into: DeltaTable, rows: pa.Table, contract: Contract, day: date, *, run_id: str, content_hash: str
) -> int:
    """Replaces a day (a month in a monthly table) by these rows, in one commit; all other partitions stay.

    Args:
        into: the table as its writer sees it now; afterwards as it is with this commit.
        rows: the contract's columns in the contract's order and types; all rows of that partition.
        contract: the table.
        day: UTC day.
        run_id: goes into the commit's userMetadata.
        content_hash: hash of the rows, goes there too.

    Returns:
        The commit's version.

    Raises:
        ContractViolation: names, order or types differ from the contract, or a required column holds a null.
        DeltaError: rows of another partition, or the same partition was replaced by others again and again meanwhile.
    """
    partition = partition_of(contract, day)
    metadata = {"tabela": contract.full_name, "particao": partition, "execucao": run_id, "hash": content_hash}
    rows = conforming(rows, contract)
    for attempt in _until_nobody_else_commits:
        with attempt:
            into.update_incremental()
            write_deltalake(
                into,
                rows,
                mode="overwrite",
                predicate=f"{partition_column(contract)} = '{partition}'",
                writer_properties=_written(contract),
                commit_properties=CommitProperties({"userMetadata": json.dumps(metadata)}),
            )
    return into.version()


def _written(contract: Contract) -> WriterProperties:
    """How the files are written. A decimal's bounds would go through a float, and readers skip files by them."""
    decimals = [column.name for column in contract.columns if column.decimal]
    unbounded = ColumnProperties(statistics_enabled="NONE")
    return WriterProperties(compression="ZSTD", column_properties=dict.fromkeys(decimals, unbounded))


def conforming(rows: pa.Table, contract: Contract) -> pa.Table:
    """The rows with exactly the contract's Arrow schema.

    Raises:
        ContractViolation: names, order or types differ, or a required column holds a null.
    """
    wanted = arrow_schema(contract)
    if rows.column_names != wanted.names:
        raise ContractViolation(contract.full_name, "*", ", ".join(rows.column_names), ", ".join(wanted.names))
    for field, found in zip(wanted, rows.schema, strict=True):
        if found.type != field.type:
            raise ContractViolation(contract.full_name, field.name, str(found.type), str(field.type))
        nulls = rows.column(field.name).null_count
        if nulls and not field.nullable:
            raise ContractViolation(contract.full_name, field.name, f"null in {nulls} rows", "it is required")
    return pa.table(rows.columns, schema=wanted)


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
