"""gold.mais_vendidos: the hundred best sellers of a day."""

from datetime import date

import pandas as pd
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as f

from acude.contracts.model import table
from acude.lake.snapshot import frame_of_day
from acude.publishing.mart import Mart
from acude.publishing.submit import submit

TABLE = "gold.mais_vendidos"
PLACES = 100


def best_sellers(sales: DataFrame) -> DataFrame:
    """The first hundred products of each day by net quantidade, then receita, both descending, then id_produto.

    Args:
        sales: rows of silver.vendas.

    Returns:
        `data`, `posicao` (from 1), `id_produto`, `quantidade`, `receita`, `moeda`. A product sold in two currencies
        takes two places; between them the currency's name decides where all else is equal.
    """
    order = Window.partitionBy("data").orderBy(
        f.col("quantidade").desc(), f.col("receita").desc(), f.col("id_produto"), f.col("moeda")
    )
    return (
        sales.groupBy("data", "id_produto", "moeda")
        .agg(f.sum("quantidade").alias("quantidade"), f.sum("receita").cast("decimal(38,4)").alias("receita"))
        .withColumn("posicao", f.row_number().over(order))
        .where(f.col("posicao") <= PLACES)
        .select("data", "posicao", "id_produto", "quantidade", "receita", "moeda")
    )


def rows(spark: SparkSession, day: date) -> DataFrame:
    """The mart's rows of a day."""
    return best_sellers(frame_of_day(spark, table("silver.vendas"), day))


def with_expected_places(frame: pd.DataFrame) -> pd.DataFrame:
    """The mart's rows with `posicao_esperada`, by the same rule."""
    places = zip(frame["quantidade"], frame["receita"], frame["id_produto"], frame["moeda"], frame.index, strict=True)
    ranked = sorted(places, key=lambda place: (-place[0], -place[1], place[2], place[3]))
    expected = pd.Series(0, index=frame.index, dtype="int32")
    for position, (*_, index) in enumerate(ranked, start=1):
        expected.loc[index] = position
    return frame.assign(posicao_esperada=expected)


MART = Mart(TABLE, rows, source="silver.vendas", derive=with_expected_places)


if __name__ == "__main__":
    submit("mais_vendidos", __doc__, MART.run)
