"""`payments`: payments of each minute by what was decided on them: `gold.ao_vivo_pagamentos_por_minuto` and PostgreSQL.

A batch tells only which minutes have new payments or decisions; those minutes are counted again from silver and written
again. So nothing is too late, a decision may come in any batch after its payment, and a batch that runs again, or a
lost checkpoint, changes nothing.
"""

import logging
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql.streaming.query import StreamingQuery

from acude.contracts.arrow import arrow_schema
from acude.contracts.model import Contract, table
from acude.lake import spark_checkpoint
from acude.lake.commit import Writer, replace_partitions
from acude.lake.data_files import write_rows
from acude.lake.ensure_table import ensure_table
from acude.lake.snapshot import Condition, Snapshot, snapshot
from acude.payments.series.loader import Series
from acude.risk_history.payment_minutes import (
    OF_DECISIONS,
    OF_PAYMENTS,
    Span,
    by_hour,
    minutes_of,
    payments_per_minute,
    reads,
    renewed,
    spans,
)
from acude.settings import Settings, settings
from jobs.streaming.new_rows import new_rows

log = logging.getLogger(__name__)

SOURCE = "silver.transacoes"
DECISIONS = "silver.decisoes_risco"
TABLE = "gold.ao_vivo_pagamentos_por_minuto"
CHECKPOINT = "_checkpoints/payments"

_DAY = timedelta(days=1)

Lake = dict[str, Snapshot | None]
"""Tables as they are when a batch begins, none where nobody has made one yet."""


class Counting:
    """Brings the minutes of each batch into gold, and what gold has gained into PostgreSQL."""

    def __init__(self, writer: Writer, config: Settings) -> None:
        self.writer = writer
        self.contract = table(TABLE)
        self.table = ensure_table(self.contract)
        self.series = Series(config)

    def show(self, touched: DataFrame, number: int) -> None:
        """One micro-batch: the column `minuto` of its new rows."""
        minutes = touched.distinct().toArrow()["minuto"].to_pylist()
        log.debug("Batch %d touches %d minutes", number, len(minutes))
        hours = by_hour(minutes)
        lake = {name: snapshot(table(name)) for name in (SOURCE, DECISIONS, TABLE)}
        for _, of_day in groupby(hours, key=lambda hour: hour.date()):
            altered = {hour: self._counted_again(lake, hour, hours[hour]) for hour in of_day}
            self._write({hour: rows for hour, rows in altered.items() if rows is not None})
        self.series.catch_up()

    def _counted_again(self, lake: Lake, hour: datetime, minutes: list[datetime]) -> pa.Table | None:
        """The hour's rows with these minutes as they are in silver now; None where nothing is new."""
        # Where there are too many spans, the minutes between them are counted, too.
        again = [minute for span in spans(minutes) for minute in span.minutes]
        schema = arrow_schema(self.contract)
        before = schema.empty_table()
        if gold := lake[TABLE]:
            before = gold.fitting([[("data", "=", hour.date()), ("hora", "=", hour.hour)]]).cast(schema)
        after = renewed(before, again, pa.Table.from_pylist(counted(lake, hour, again), schema), self.contract.keys)
        return None if after.equals(before) else after

    def _write(self, hours: dict[datetime, pa.Table]) -> None:
        """Replaces hours of one day, in one commit."""
        if not hours:
            return
        files = write_rows(pa.concat_tables(hours.values()), self.contract)
        places = [{"data": hour.date().isoformat(), "hora": str(hour.hour)} for hour in hours]
        replace_partitions(self.table, self.writer, files, places)


def counted(lake: Lake, hour: datetime, minutes: list[datetime]) -> list[dict[str, Any]]:
    """Rows of gold for these minutes of one hour, ascending; a few minutes are read at a time."""
    silver, decisions = lake[SOURCE], lake[DECISIONS]
    return [
        row
        for read in reads(minutes)
        for row in payments_per_minute(_payments(silver, hour, read), _decisions(decisions, hour, read))
    ]


def _payments(silver: Snapshot | None, hour: datetime, of: list[Span]) -> pa.Table:
    own: Condition = ("data", "=", hour.date())
    return _rows(silver, SOURCE, OF_PAYMENTS, [[own, *_within("timestamp", span)] for span in of])


def _decisions(silver: Snapshot | None, hour: datetime, of: list[Span]) -> pa.Table:
    """A decision comes after its payment, maybe days, and the payment's clock may have been a day ahead."""
    later: Condition = ("data", ">=", hour.date() - _DAY)
    return _rows(silver, DECISIONS, OF_DECISIONS, [[later, *_within("transacao_em", span)] for span in of])


def _rows(silver: Snapshot | None, name: str, columns: Sequence[str], any_of: list[list[Condition]]) -> pa.Table:
    return silver.fitting(any_of, columns) if silver else arrow_schema(table(name)).empty_table().select(columns)


def _within(column: str, span: Span) -> list[Condition]:
    return [(column, ">=", span.begin), (column, "<", span.end)]


def touched_minutes(spark: SparkSession, contract: Contract) -> DataFrame:
    """The minutes of new payments and decisions as a stream; what gold doesn't keep any more is left out."""
    rows = {name: new_rows(spark, name) for name in (SOURCE, DECISIONS)}
    kept_days = (contract.retention or _DAY).days
    oldest = f.date_sub(f.current_date(), kept_days)
    return minutes_of(rows[SOURCE], rows[DECISIONS]).where(f.to_date("minuto") >= oldest)


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
    counting = Counting(writer, config)
    if available_now:
        counting.series.catch_up()
    else:
        # Beside the queries: a new database takes minutes. Where nobody pays, no batch would bring what it missed.
        threading.Thread(target=counting.series.catch_up, daemon=True, name="series").start()
    return go_on(spark, counting, config, every=None if available_now else config.payments_trigger)


def go_on(spark: SparkSession, counting: Counting, config: Settings, *, every: str | None) -> StreamingQuery:
    """Starts the query where its checkpoint ended; without a time between batches it ends with what is there."""
    minutes = touched_minutes(spark, counting.contract)
    return spark_checkpoint.start(minutes, "payments", counting.show, CHECKPOINT, config, every=every)
