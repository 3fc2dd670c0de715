"""`stock`: each warehouse's latest level of each product, and what to order again: `gold.ao_vivo_estoque`.

Stock has no windows: an update that comes hours late may still be the newest one of its product.
"""

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql.streaming.query import StreamingQuery

from acude.contracts.model import table
from acude.lake import spark_checkpoint
from acude.lake.commit import Writer, replace_partitions
from acude.lake.delta import table_path
from acude.lake.ensure_table import ensure_table
from acude.lake.file_frames import write_frame
from acude.settings import Settings, settings
from acude.stock.latest import latest_stock_per_warehouse
from jobs.streaming.new_rows import new_rows

SOURCE = "silver.atualizacoes_estoque"
TABLE = "gold.ao_vivo_estoque"
CHECKPOINT = "_checkpoints/stock"


def stock_after(before: DataFrame, latest: DataFrame) -> DataFrame:
    """The table's rows once newer levels are in; an older one changes nothing, nor does a second time.

    Args:
        before: rows of gold.ao_vivo_estoque.
        latest: rows of `latest_stock_per_warehouse`, with `ponto_reposicao`.
    """
    key = ["id_armazem", "id_produto"]
    old, new = before.alias("old"), latest.alias("new")
    newer = f.expr("old.ultima_atualizacao is null or new.ultima_atualizacao >= old.ultima_atualizacao")
    level = f.when(newer, f.col("new.nivel_estoque")).otherwise(f.col("old.nivel_estoque"))
    point = f.when(newer, f.coalesce("new.ponto_reposicao", "old.ponto_reposicao")).otherwise(
        f.col("old.ponto_reposicao")
    )
    return (
        old.join(new, key, "full")
        .select(
            *key,
            f.coalesce(level, "old.nivel_estoque").alias("nivel_estoque"),
            f.coalesce(point, "old.ponto_reposicao").alias("ponto_reposicao"),
            f.greatest("old.ultima_atualizacao", "new.ultima_atualizacao").alias("ultima_atualizacao"),
        )
        .withColumn("abaixo", f.coalesce(f.col("nivel_estoque") < f.col("ponto_reposicao"), f.lit(False)))
    )


class Stock:
    """Brings each batch's levels into the table."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.contract = table(TABLE)
        self.table = ensure_table(self.contract)

    def show(self, updates: DataFrame, _number: int) -> None:
        """One micro-batch: the whole table is written again; it has a row per warehouse and product."""
        before = updates.sparkSession.read.format("delta").load(table_path(self.contract))
        after = stock_after(before, latest_stock_per_warehouse(updates, "ponto_reposicao"))
        replace_partitions(self.table, self.writer, write_frame(after.coalesce(1), self.contract).files, [{}])


def start(
    spark: SparkSession, writer: Writer, config: Settings | None = None, *, available_now: bool = False
) -> StreamingQuery:
    """Starts the query; silver's tables exist.

    Args:
        spark: the streams' session.
        writer: the streams' lease, which the caller holds.
        config: the process's settings unless given.
        available_now: take what is in silver and end, instead of going on.
    """
    config = config or settings()
    every = None if available_now else config.measure_trigger
    return spark_checkpoint.start(new_rows(spark, SOURCE), "stock", Stock(writer).show, CHECKPOINT, config, every=every)
