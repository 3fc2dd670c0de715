"""`stock`: what each warehouse last said about each product, and what is to be ordered again: `gold.ao_vivo_estoque`.

Stock has no windows: an update that comes hours late may still be the newest one of its product.
"""

from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql.streaming.query import StreamingQuery

from acude.contracts.model import Contract, table
from acude.lake.delta import table_path
from acude.settings import Settings, settings

SOURCE = "silver.atualizacoes_estoque"
TABLE = "gold.ao_vivo_estoque"
CHECKPOINT = "_checkpoints/stock"


def latest_stock_per_warehouse(updates: DataFrame) -> DataFrame:
    """One row per warehouse and product.

    Args:
        updates: rows of silver.atualizacoes_estoque; of two with the same time, the one that the broker took later
            counts, and then the lower level.

    Returns:
        `id_armazem`, `id_produto`, `nivel_estoque`, `ponto_reposicao` (the newest that was told, else null),
        `ultima_atualizacao` (UTC).
    """
    order = f.struct("timestamp", "deslocamento", -f.col("nivel_estoque"))
    told = f.when(f.col("ponto_reposicao").isNotNull(), order)
    return updates.groupBy("id_armazem", "id_produto").agg(
        f.max_by("nivel_estoque", order).alias("nivel_estoque"),
        f.max_by("ponto_reposicao", told).alias("ponto_reposicao"),
        f.max("timestamp").alias("ultima_atualizacao"),
    )


_BELOW = "coalesce(new.nivel_estoque < coalesce(new.ponto_reposicao, old.ponto_reposicao), false)"


def merge_newer(latest: DataFrame, contract: Contract) -> None:
    """Brings newer levels into the table; an older one changes nothing. Doing it again changes nothing either."""
    from delta.tables import DeltaTable  # noqa: PLC0415 - wants a running JVM

    (
        DeltaTable.forPath(latest.sparkSession, table_path(contract))
        .alias("old")
        .merge(latest.alias("new"), "old.id_armazem = new.id_armazem AND old.id_produto = new.id_produto")
        .whenMatchedUpdate(
            "new.ultima_atualizacao >= old.ultima_atualizacao",
            {
                "nivel_estoque": "new.nivel_estoque",
                "ponto_reposicao": "coalesce(new.ponto_reposicao, old.ponto_reposicao)",
                "abaixo": _BELOW,
                "ultima_atualizacao": "new.ultima_atualizacao",
            },
        )
        .whenNotMatchedInsert(
            values={
                "id_armazem": "new.id_armazem",
                "id_produto": "new.id_produto",
                "nivel_estoque": "new.nivel_estoque",
                "ponto_reposicao": "new.ponto_reposicao",
                "abaixo": "coalesce(new.nivel_estoque < new.ponto_reposicao, false)",
                "ultima_atualizacao": "new.ultima_atualizacao",
            }
        )
        .execute()
    )


def show(updates: DataFrame, _number: int) -> None:
    """One micro-batch."""
    merge_newer(latest_stock_per_warehouse(updates), table(TABLE))


def start(spark: SparkSession, config: Settings | None = None, *, available_now: bool = False) -> StreamingQuery:
    """Starts the query; the caller holds the writer's lease, and the tables exist.

    Args:
        spark: the streams' session.
        config: the process's settings unless given.
        available_now: take what is in silver and end, instead of going on.
    """
    config = config or settings()
    updates = spark.readStream.format("delta").option("skipChangeCommits", "true").load(table_path(table(SOURCE)))
    trigger: dict[str, Any] = {"availableNow": True} if available_now else {"processingTime": config.measure_trigger}
    return (
        updates.writeStream.queryName("stock")
        .foreachBatch(show)
        .option("checkpointLocation", f"{config.lake}/{CHECKPOINT}")
        .trigger(**trigger)
        .start()
    )
