"""`payments`: payments of each minute by what was decided on them: `gold.ao_vivo_pagamentos_por_minuto` and PostgreSQL.

A batch tells only which minutes have new payments or decisions; those minutes are counted again from silver and written
again. So nothing is too late, a decision may come in any batch after its payment, and a batch that runs again, or a
lost checkpoint, changes nothing.
"""

import logging
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql.streaming.query import StreamingQuery

from acude.contracts.model import Contract, table
from acude.contracts.spark import arrow_schema
from acude.lake.delta import table_path
from acude.lake.payment_minutes import Span, by_day, minutes_of, payments_per_minute, renewed, spans, within
from acude.lake.snapshot import snapshot
from acude.payments.series.loader import Series
from acude.settings import Settings, settings

log = logging.getLogger(__name__)

SOURCE = "silver.transacoes"
DECISIONS = "silver.decisoes_risco"
TABLE = "gold.ao_vivo_pagamentos_por_minuto"
CHECKPOINT = "_checkpoints/payments"

_DAY = timedelta(days=1)


class Counting:
    """Brings the minutes of each batch into gold, and what gold has gained into PostgreSQL."""

    def __init__(self, spark: SparkSession, config: Settings) -> None:
        self.spark = spark
        self.contract = table(TABLE)
        self.series = Series(config)

    def show(self, touched: DataFrame, number: int) -> None:
        """One micro-batch: the column `minuto` of its new rows."""
        minutes = touched.distinct().toArrow()["minuto"].to_pylist()
        log.debug("Batch %d touches %d minutes", number, len(minutes))
        for day, of_day in by_day(minutes).items():
            self._count_again(day, of_day)
        self.series.catch_up()

    def _count_again(self, day: date, minutes: set[datetime]) -> None:
        """Replaces the hours of which a minute changed, in one commit."""
        found = spans(minutes)
        # Where spans were joined, whole minutes between them are counted again, too.
        counted = payments_per_minute(*self._silver(day, found)).toArrow()
        altered = {}
        for hour, of_hour in _by_hour(found).items():
            before = self._rows(day, hour)
            mine = counted.filter(pc.equal(counted["hora"], hour))
            after = renewed(before, of_hour, mine, self.contract.keys)
            if not after.equals(before):
                altered[hour] = after
        if altered:
            self._write(day, altered)

    def _silver(self, day: date, of: list[Span]) -> tuple[DataFrame, DataFrame]:
        """Payments of these spans, and decisions on them.

        A decision comes after its payment, maybe days, and a payment's clock may be ahead: its day is not bound.
        """
        payments = self._read(SOURCE).where((f.col("data") == f.lit(day)) & within("timestamp", of))
        decisions = self._read(DECISIONS).where((f.col("data") >= f.lit(day - _DAY)) & within("transacao_em", of))
        return payments, decisions

    def _read(self, name: str) -> DataFrame:
        return self.spark.read.format("delta").load(table_path(table(name)))

    def _rows(self, day: date, hour: int) -> pa.Table:
        found = snapshot(self.contract)
        rows = found.rows_of({"data": day.isoformat(), "hora": str(hour)}) if found else None
        return arrow_schema(self.contract).empty_table() if rows is None else rows.cast(arrow_schema(self.contract))

    def _write(self, day: date, hours: dict[int, pa.Table]) -> None:
        names = ", ".join(map(str, hours))
        (
            self.spark.createDataFrame(pa.concat_tables(hours.values()))
            .coalesce(1)
            .write.format("delta")
            .mode("overwrite")
            .option("replaceWhere", f"data = DATE'{day}' AND hora IN ({names})")
            .save(table_path(self.contract))
        )


def _by_hour(of: Iterable[Span]) -> dict[int, set[datetime]]:
    """Each minute of the spans, by its hour."""
    found: dict[int, set[datetime]] = {}
    for begin, end in of:
        for number in range((end - begin) // timedelta(minutes=1)):
            minute = (begin + timedelta(minutes=number)).astimezone(UTC)
            found.setdefault(minute.hour, set()).add(minute)
    return found


def touched_minutes(spark: SparkSession, contract: Contract) -> DataFrame:
    """The minutes of new payments and decisions as a stream; what gold doesn't keep any more is left out."""
    rows = {name: _new_rows(spark, name) for name in (SOURCE, DECISIONS)}
    kept_days = (contract.retention or _DAY).days
    oldest = f.date_sub(f.current_date(), kept_days)
    return minutes_of(rows[SOURCE], rows[DECISIONS]).where(f.to_date("minuto") >= oldest)


def _new_rows(spark: SparkSession, name: str) -> DataFrame:
    return spark.readStream.format("delta").option("skipChangeCommits", "true").load(table_path(table(name)))


def start(spark: SparkSession, config: Settings | None = None, *, available_now: bool = False) -> StreamingQuery:
    """Starts the query; the caller holds the writer's lease, and the tables exist.

    Args:
        spark: the streams' session.
        config: the process's settings unless given.
        available_now: count what is in silver and end, instead of going on.
    """
    config = config or settings()
    counting = Counting(spark, config)
    counting.series.catch_up()
    trigger: dict[str, Any] = {"availableNow": True} if available_now else {"processingTime": config.measure_trigger}
    return go_on(spark, counting, config, trigger)


def go_on(spark: SparkSession, counting: Counting, config: Settings, trigger: dict[str, Any]) -> StreamingQuery:
    """Starts the query where its checkpoint ended."""
    return (
        touched_minutes(spark, counting.contract)
        .writeStream.queryName("payments")
        .foreachBatch(counting.show)
        .option("checkpointLocation", f"{config.lake}/{CHECKPOINT}")
        .trigger(**trigger)
        .start()
    )
