"""Where a table lies, how it is divided into days or months, and reading them with Spark."""

from calendar import monthrange
from datetime import date, timedelta
from math import ceil
from typing import Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from acude.aws import s3
from acude.contracts.model import Contract, Layer
from acude.contracts.spark import schema
from acude.lake import delta_log
from acude.settings import Settings, settings

REPLACED_OFTEN: Final = timedelta(hours=1)
"""How long a live table keeps the files of its former states: thousands a day, read by queries of seconds."""


def table_path(contract: Contract) -> str:
    """The table's URL for Spark: `s3a://acude-lake/gold/mais_vendidos`."""
    return f"{settings().lake}/{contract.prefix}"


def exists(contract: Contract) -> bool:
    """Whether the table was ever created."""
    found = s3().list_objects_v2(Bucket=settings().lake_bucket, Prefix=f"{delta_log.folder(contract)}0", MaxKeys=1)
    return bool(found.get("Contents"))


def is_live(contract: Contract) -> bool:
    """Whether the table is replaced as a whole several times per minute."""
    return contract.layer is Layer.GOLD and not contract.daily


def hours_kept(contract: Contract, config: Settings) -> int:
    """How long files that the table no longer needs are kept: at least the time asked for, in the vacuum's hours."""
    return ceil((REPLACED_OFTEN if is_live(contract) else config.expire_after) / timedelta(hours=1))


def partition_of(contract: Contract, day: date) -> str:
    """Value of the partition column for a day: the day itself, or its month in a monthly table."""
    return day.strftime("%Y-%m") if partition_column(contract) == "mes" else day.isoformat()


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
    return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])


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
