"""gold.receita_mensal: a month's revenue by currency, summed from the days of gold.vendas_por_regiao."""

from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from acude.contracts.model import table
from acude.lake import mart
from acude.lake.delta import days_of_month, read_days

TABLE = "gold.receita_mensal"
SOURCES = ("gold.vendas_por_regiao",)


def revenue_per_month(regions: DataFrame) -> DataFrame:
    """One row per month and currency.

    Args:
        regions: rows of gold.vendas_por_regiao.

    Returns:
        `mes` (YYYY-MM), `pedidos`, `quantidade`, `receita`, `moeda`; pedidos is the sum of the days' and regions'.
    """
    return (
        regions.groupBy(f.date_format("data", "yyyy-MM").alias("mes"), "moeda")
        .agg(
            f.sum("pedidos").alias("pedidos"),
            f.sum("quantidade").alias("quantidade"),
            f.sum("receita").cast("decimal(38,4)").alias("receita"),
        )
        .select("mes", "pedidos", "quantidade", "receita", "moeda")
    )


def rows(spark: SparkSession, day: date) -> DataFrame:
    """The month of that day, from the days that are published."""
    return revenue_per_month(read_days(spark, table("gold.vendas_por_regiao"), *days_of_month(day)))


def run(day: date, run_id: str) -> dict[str, Any]:
    """Stages, judges and publishes the month of the day; see `acude.lake.mart.run`."""
    return mart.run(TABLE, day, run_id)
