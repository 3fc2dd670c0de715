"""gold.estoque: each product's stock over all warehouses at the end of a day."""

from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from acude.publishing.mart import Mart
from acude.publishing.submit import submit
from jobs.batch import estoque_por_armazem

TABLE = "gold.estoque"


def stock_per_product(stock: DataFrame) -> DataFrame:
    """One row per day and product.

    Args:
        stock: rows of gold.estoque_por_armazem.

    Returns:
        `data`, `id_produto`, `nivel_estoque` (sum of the warehouses), `ultima_atualizacao` (the newest of theirs).
    """
    return (
        stock.groupBy("data", "id_produto")
        .agg(f.sum("nivel_estoque").alias("nivel_estoque"), f.max("ultima_atualizacao").alias("ultima_atualizacao"))
        .select("data", "id_produto", "nivel_estoque", "ultima_atualizacao")
    )


def rows(spark: SparkSession, day: date) -> DataFrame:
    """The mart's rows of a day."""
    return stock_per_product(estoque_por_armazem.rows(spark, day))


MART = Mart(TABLE, rows)


if __name__ == "__main__":
    submit("estoque", __doc__, MART.run)
