"""gold.vendas_por_categoria: a day's sales by product category and currency."""

from datetime import date

from pyspark.sql import DataFrame, SparkSession

from acude.contracts.model import table
from acude.lake.snapshot import frame_of_day
from acude.publishing.mart import Mart
from acude.publishing.submit import submit
from jobs.batch.vendas_por_regiao import sales_per

TABLE = "gold.vendas_por_categoria"


def sales_per_category(sales: DataFrame) -> DataFrame:
    """Rows of gold.vendas_por_categoria out of rows of silver.vendas."""
    return sales_per(sales, "categoria")


def rows(spark: SparkSession, day: date) -> DataFrame:
    """The mart's rows of a day."""
    return sales_per_category(frame_of_day(spark, table("silver.vendas"), day))


MART = Mart(TABLE, rows, source="silver.vendas")


if __name__ == "__main__":
    submit("vendas_por_categoria", __doc__, MART.run)
