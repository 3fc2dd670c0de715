"""gold.vendas_por_regiao: a day's sales by region and currency."""

from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from acude.contracts.model import table
from acude.lake.snapshot import frame_of_day
from acude.publishing.mart import Mart
from acude.publishing.submit import submit

TABLE = "gold.vendas_por_regiao"


def sales_per(sales: DataFrame, column: str) -> DataFrame:
    """Orders, pieces and revenue by day, one more column, and currency.

    Args:
        sales: rows of silver.vendas.
        column: one of theirs.

    Returns:
        `data`, the column, `pedidos` (distinct invoices of type venda), `quantidade` and `receita` (both net of
        returns, receita exact), `moeda`.
    """
    orders = f.when(f.col("tipo") == "venda", f.col("id_pedido"))
    return (
        sales.groupBy("data", column, "moeda")
        .agg(
            f.count_distinct(orders).alias("pedidos"),
            f.sum("quantidade").alias("quantidade"),
            f.sum("receita").cast("decimal(38,4)").alias("receita"),
        )
        .select("data", column, "pedidos", "quantidade", "receita", "moeda")
    )


def sales_per_region(sales: DataFrame) -> DataFrame:
    """Rows of gold.vendas_por_regiao out of rows of silver.vendas."""
    return sales_per(sales, "regiao")


def rows(spark: SparkSession, day: date) -> DataFrame:
    """The mart's rows of a day."""
    return sales_per_region(frame_of_day(spark, table("silver.vendas"), day))


MART = Mart(TABLE, rows, source="silver.vendas")


if __name__ == "__main__":
    submit("vendas_por_regiao", __doc__, MART.run)
