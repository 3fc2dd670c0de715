"""The one rule for which stock update counts, for the streams' live stock and the batch's marts."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as f


def latest_stock_per_warehouse(updates: DataFrame, *more: str) -> DataFrame:
    """One row per warehouse and product.

    Args:
        updates: rows of silver.atualizacoes_estoque; an older update never counts, however late it comes. Of two with
            the same time, the one that the broker took later counts, and then the lower level.
        more: columns whose newest value is wanted, too.

    Returns:
        `id_armazem`, `id_produto`, `nivel_estoque`, the columns of `more` (the newest value given, else null),
        `ultima_atualizacao` (UTC).
    """
    order = f.struct("timestamp", "deslocamento", -f.col("nivel_estoque"))
    newest = [f.max_by(name, f.when(f.col(name).isNotNull(), order)).alias(name) for name in ("nivel_estoque", *more)]
    return updates.groupBy("id_armazem", "id_produto").agg(*newest, f.max("timestamp").alias("ultima_atualizacao"))
