"""gold.estoque_por_armazem: each warehouse's latest level of each product, at the end of a day.

A day is made from the newest earlier day that is published and the updates since, so that its cost doesn't grow.
"""

from datetime import date, timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from acude.contracts.model import table
from acude.lake import run_records
from acude.lake.delta import read_days
from acude.lake.snapshot import frame_of_day
from acude.publishing.mart import Mart
from acude.publishing.submit import submit
from acude.stock.latest import latest_stock_per_warehouse

TABLE = "gold.estoque_por_armazem"

OLDEST_BASE = timedelta(days=35)
"""How far back a published day is looked for; without one all updates are read once."""

LATE = timedelta(days=2)
"""Days before the base whose updates are read again, for those that came after it was made."""

_BEGINNING = date(2000, 1, 1)
"""No event is older: `ingest` takes earlier times for absurd."""


def stock_of_day(before: DataFrame, updates: DataFrame, day: date) -> DataFrame:
    """The latest level of each product in each warehouse up to the end of a day.

    Args:
        before: rows of gold.estoque_por_armazem of an earlier day.
        updates: rows of silver.atualizacoes_estoque up to that day, or later ones, which don't count.
        day: UTC day.

    Returns:
        `data`, `id_armazem`, `id_produto`, `nivel_estoque`, `ultima_atualizacao`.
    """
    known = before.select(
        "id_armazem",
        "id_produto",
        "nivel_estoque",
        f.col("ultima_atualizacao").alias("timestamp"),
        # An update with the same time wins: it may be the very one that is known, or a later arrival.
        f.lit(-1).cast("bigint").alias("deslocamento"),
    )
    new = updates.where(f.col("data") <= f.lit(day)).select(
        "id_armazem",
        "id_produto",
        f.col("nivel_estoque").cast("bigint").alias("nivel_estoque"),
        "timestamp",
        "deslocamento",
    )
    latest = latest_stock_per_warehouse(known.unionByName(new))
    return latest.select(f.lit(day).alias("data"), "id_armazem", "id_produto", "nivel_estoque", "ultima_atualizacao")


def rows(spark: SparkSession, day: date) -> DataFrame:
    """The mart's rows of a day."""
    base = max(run_records.days_between(f"publicado/{TABLE}", day - OLDEST_BASE, day - timedelta(days=1)), default=None)
    since = base - LATE if base else _BEGINNING
    before = frame_of_day(spark, table(TABLE), base or _BEGINNING)
    return stock_of_day(before, read_days(spark, table("silver.atualizacoes_estoque"), since, day), day)


MART = Mart(TABLE, rows)


if __name__ == "__main__":
    submit("estoque_por_armazem", __doc__, MART.run)
