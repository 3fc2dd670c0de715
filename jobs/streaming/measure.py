"""`measure`: live numbers of the shop, a minute at a time: `gold.ao_vivo_*`.

One stateful aggregation counts every measure of a window; what changed is ranked inside `foreachBatch`, and the
windows' rows are replaced. A batch that runs again writes the same rows again.
"""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import Window as Over
from pyspark.sql import functions as f
from pyspark.sql.streaming.query import StreamingQuery

from acude.contracts.arrow import arrow_schema
from acude.contracts.model import table
from acude.lake import spark_checkpoint
from acude.lake.commit import Writer, replace_partitions
from acude.lake.data_files import write_rows
from acude.lake.ensure_table import ensure_table
from acude.lake.snapshot import rows_of_day
from acude.lake.spark_checkpoint import CurrentLife
from acude.lake.window import Window
from acude.settings import Settings, settings
from jobs.streaming.live_rows import SALES, SHOPPERS, TOP, VIEWS, Count, Replace, Rows, ranking, sales, shoppers
from jobs.streaming.new_rows import new_rows
from jobs.streaming.progress import BatchLog

if TYPE_CHECKING:
    from deltalake import DeltaTable

log = logging.getLogger(__name__)

SOURCE = "silver.eventos_clientes"
CHECKPOINT = "_checkpoints/measure"

MINUTES = Window(on="timestamp", size="1 minute", late="10 minutes", kept="20 minutes")


def counts_per_window(events: DataFrame, window: Window) -> DataFrame:
    """One row per window, measure and key.

    Args:
        events: rows of silver.eventos_clientes.
        window: the windows, and which rows are too late for them.

    Returns:
        `Count`'s columns. `visualizacao`: views (`contagem`) of the product `chave`. `usuario`: one row per window,
        `distintos` shoppers who did anything. `venda`: purchases with price, pieces and currency (`contagem`) and their
        `valor` in the currency `chave`.
    """
    kind = f.col("tipo_evento")
    amount = f.col("quantidade") * f.col("preco")
    measures = f.array(
        _measure(SHOPPERS, f.lit("")),
        f.when(kind == "visualizacao", _measure(VIEWS, f.col("id_produto"))),
        f.when((kind == "compra") & amount.isNotNull(), _measure(SALES, f.col("moeda"))),
    )
    return (
        window.punctual(events)
        .select(window.column.alias("janela"), "id_usuario", amount.alias("valor"), f.explode(measures).alias("m"))
        .where(f.col("m.chave").isNotNull())
        .groupBy("janela", "m.metrica", "m.chave")
        .agg(
            f.count(f.lit(1)).alias("contagem"),
            f.coalesce(f.sum(f.when(f.col("m.metrica") == SALES, f.col("valor"))), f.lit(0)).alias("valor"),
            f.size(f.collect_set(f.when(f.col("m.metrica") == SHOPPERS, f.col("id_usuario")))).alias("distintos"),
        )
        .select(
            "metrica",
            f.col("janela.start").alias("inicio"),
            f.col("janela.end").alias("fim"),
            "chave",
            "contagem",
            f.col("valor").cast("decimal(38,4)").alias("valor"),
            f.col("distintos").cast("bigint").alias("distintos"),
        )
    )


def _measure(name: str, key: Column) -> Column:
    return f.struct(f.lit(name).alias("metrica"), key.alias("chave"))


def first_in_each_window(counts: DataFrame, places: int = TOP) -> DataFrame:
    """The counts without those of products that others of the same batch keep out of the ranking."""
    best_first = Over.partitionBy("metrica", "inicio").orderBy(f.col("contagem").desc(), "chave")
    return (
        counts.withColumn("posicao", f.row_number().over(best_first))
        .where((f.col("metrica") != VIEWS) | (f.col("posicao") <= places))
        .drop("posicao")
    )


class Live:
    """A live table: its rows of today and yesterday in memory, a day replaced in one commit."""

    def __init__(self, writer: Writer, name: str, key: list[str], after: Replace) -> None:
        self.writer = writer
        self.contract = table(name)
        self.table: DeltaTable = ensure_table(self.contract)
        self.key = key
        self.after = after
        self.days: dict[date, Rows] = {}

    def apply(self, changed: list[Count]) -> None:
        """Replaces the days of which a count changed."""
        days = sorted({count.inicio.date() for count in changed})
        new = {day: self.after(self._rows(day), [c for c in changed if c.inicio.date() == day]) for day in days}
        altered = {day: rows for day, rows in new.items() if rows != self.days[day]}
        if altered:
            self._write(altered)
        self.days = {day: rows for day, rows in (self.days | new).items() if day >= days[-1] - timedelta(days=1)}

    def _rows(self, day: date) -> Rows:
        if day not in self.days:
            found = rows_of_day(self.contract, day).to_pylist()
            self.days[day] = {tuple(row[name] for name in self.key): row for row in found}
        return self.days[day]

    def _write(self, days: Mapping[date, Rows]) -> None:
        rows = [row for _, of_day in sorted(days.items()) for _, row in sorted(of_day.items())]
        files = write_rows(pa.Table.from_pylist(rows, arrow_schema(self.contract)), self.contract)
        replace_partitions(self.table, self.writer, files, [{"data": day.isoformat()} for day in days])


def live_tables(writer: Writer) -> dict[str, Live]:
    """The table of each measure."""
    return {
        VIEWS: Live(writer, "gold.ao_vivo_produtos_mais_vistos", ["janela_inicio", "posicao"], ranking),
        SHOPPERS: Live(writer, "gold.ao_vivo_usuarios_ativos", ["janela_inicio"], shoppers),
        SALES: Live(writer, "gold.ao_vivo_vendas_por_minuto", ["janela_inicio", "moeda"], sales),
    }


class Measuring:
    """Brings each batch's counts into the live tables."""

    def __init__(self, writer: Writer) -> None:
        self.tables = live_tables(writer)

    def show(self, counts: DataFrame, number: int) -> None:
        """One micro-batch. `counts` is evaluated once: evaluating it moves the query's state."""
        changed: dict[str, list[Count]] = {}
        for row in first_in_each_window(counts).toArrow().to_pylist():
            count = Count(**row)
            changed.setdefault(count.metrica, []).append(count)
        log.debug("Batch %d changes %s", number, {name: len(found) for name, found in changed.items()})
        with ThreadPoolExecutor(len(self.tables)) as pool:
            list(pool.map(lambda item: self.tables[item[0]].apply(item[1]), changed.items()))


def events_of_the_day(spark: SparkSession, since: date) -> DataFrame:
    """silver.eventos_clientes as a stream, from `since` on; an outage longer than a day is not made up for."""
    recent = (f.col("data") >= f.lit(since)) & (f.col("data") >= f.date_sub(f.current_date(), 1))
    return new_rows(spark, SOURCE).where(recent)


class Life(spark_checkpoint.Life):
    """A life of the query: its folder below `CHECKPOINT`, and the first day that it counts."""

    folder: str
    since: date


def life(config: Settings) -> tuple[Life, bool]:
    """The life to go on with, and whether it is new; a new one begins with today's silver.

    Older windows stay as they are in gold: without their state a late row would set them back to its own count. Each
    has a folder of its own: Spark refuses a folder that still holds another checkpoint's state.

    Raises:
        LeaseLost: another driver keeps the checkpoint now.
    """
    current = CurrentLife(f"{CHECKPOINT}/acude.json", Life, config)
    known = current.value
    if known:
        if spark_checkpoint.last_offsets(f"{CHECKPOINT}/{known.folder}", config) >= 0:
            return known, False
        log.warning("The checkpoint %s has no offsets: counting today's events again", known.folder)
    now = datetime.now(UTC)
    new = Life(folder=spark_checkpoint.new_folder(now), since=now.date())
    current.put(new)
    return new, True


def measuring_session(spark: SparkSession) -> SparkSession:
    """A session beside the others in the same driver, with what the state needs."""
    session = spark.newSession()
    session.streams.addListener(BatchLog())
    # Old state can wait for the next rows: a batch without any costs as much as one with.
    session.conf.set("spark.sql.streaming.noDataMicroBatches.enabled", "false")
    # Above this number of groups Spark sorts; a batch has one group a product and minute.
    session.conf.set("spark.sql.objectHashAggregate.sortBased.fallbackThreshold", "100000")
    return session


def start(
    spark: SparkSession, writer: Writer, config: Settings | None = None, *, available_now: bool = False
) -> StreamingQuery:
    """Starts the query; silver's tables exist.

    Args:
        spark: the streams' session.
        writer: the streams' lease, which the caller holds.
        config: the process's settings unless given.
        available_now: count what is in silver and end, instead of going on.
    """
    config = config or settings()
    session = measuring_session(spark)
    begun, new = life(config)
    measuring = Measuring(writer)
    if new:
        for live in measuring.tables.values():
            live.days[begun.since] = {}
    counts = counts_per_window(events_of_the_day(session, begun.since), MINUTES)
    folder, every = f"{CHECKPOINT}/{begun.folder}", None if available_now else config.measure_trigger
    return spark_checkpoint.start(counts, "measure", measuring.show, folder, config, every=every, mode="update")
