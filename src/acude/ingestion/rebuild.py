"""Silver, quarantine and duplicates made again from bronze, by the stream's own functions.

The stream decides which arrival of an event is the first as batches come in; bronze remembers the batches in
`ingerido_em`, which rises from batch to batch. So the verdicts are asked for batch by batch, in that order.
"""

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from acude.contracts.documents import tokens_of
from acude.contracts.model import Contract, load, topics
from acude.ingestion.dedup_index import KnownEvents
from acude.ingestion.refine import decode, duplicate_rows, flag, judge, keys, quarantine_rows, silver_rows
from acude.lake.delta import table_path
from acude.settings import settings

log = logging.getLogger(__name__)

_END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)

BRONZE, QUARANTINE, DUPLICATES = "bronze.eventos", "silver.quarentena", "silver.duplicatas"


def rebuilt_tables() -> list[Contract]:
    """The tables that come from bronze alone."""
    contracts = load()
    return [contracts[f"silver.{topic.name}"] for topic in topics()] + [contracts[QUARANTINE], contracts[DUPLICATES]]


def side_path(contract: Contract, prefix: str) -> str:
    """Where a rebuilt table lies: under `prefix` of the lake's bucket."""
    return f"{settings().lake}/{prefix.strip('/')}/{contract.layer}/{contract.name}"


def rebuild(spark: SparkSession, prefix: str) -> Iterator[tuple[date, int]]:
    """Writes the tables of `rebuilt_tables` below a prefix that holds none yet, a day of arrivals at a time.

    Args:
        spark: a session; bronze is only read.
        prefix: folder in the lake's bucket.

    Yields:
        Each day of arrivals and its number of records, when they are written.
    """
    bronze = spark.read.format("delta").load(table_path(load()[BRONZE]))
    known, tokens = KnownEvents(), tokens_of(settings())
    # A table without rows is one, too; the first append makes it.
    _write(flag(decode(bronze.limit(0), topics(), tokens), _NO_REPEATS), prefix)
    for day in _days_of_arrival(bronze):
        arrived = (f.col("ingerido_em") >= f.lit(day)) & (f.col("ingerido_em") < f.lit(day + timedelta(days=1)))
        decoded = decode(bronze.where(arrived), topics(), tokens).persist()
        try:
            repeats, records = _repeats(decoded, known)
            _write(flag(decoded, repeats), prefix)
        finally:
            decoded.unpersist()
        yield day, records


def differences(spark: SparkSession, prefix: str) -> dict[str, tuple[int, int]]:
    """How the rebuilt tables differ from those that the stream wrote, all columns of all rows.

    What the stream has landed since the rebuilding began is left out.

    Returns:
        By table: rows that only the stream's has, rows that only the rebuilt one has.
    """
    contracts = rebuilt_tables()
    rebuilt = {c.full_name: spark.read.format("delta").load(side_path(c, prefix)) for c in contracts}
    stamps = [rows.agg(f.max("ingerido_em")).collect()[0][0] for rows in rebuilt.values()]
    newest = max((stamp for stamp in stamps if stamp), default=_END_OF_TIME)
    found = {}
    for contract in contracts:
        streamed = spark.read.format("delta").load(table_path(contract)).where(f.col("ingerido_em") <= f.lit(newest))
        one, other = streamed.select(*contract.column_names), rebuilt[contract.full_name].select(*contract.column_names)
        found[contract.full_name] = (one.exceptAll(other).count(), other.exceptAll(one).count())
    return found


def take_over(spark: SparkSession, prefix: str) -> None:
    """Puts the rebuilt tables in place of the stream's: one commit a table, which streams that read them skip.

    The caller holds the writer's lease and no query runs.
    """
    for contract in rebuilt_tables():
        rebuilt = spark.read.format("delta").load(side_path(contract, prefix))
        writer = rebuilt.select(*contract.column_names).write.format("delta").mode("overwrite")
        writer.option("userMetadata", f"rebuilt from {BRONZE} in {prefix}").save(table_path(contract))


def _days_of_arrival(bronze: DataFrame) -> list[date]:
    found = bronze.select(f.to_date("ingerido_em").alias("dia")).distinct().orderBy("dia").collect()
    return [row.dia for row in found]


_NO_REPEATS = pa.table({"topico": pa.array([], pa.string())})


def _repeats(decoded: DataFrame, known: KnownEvents) -> tuple[pa.Table, int]:
    """The repeats among a day's records, and the number of all; judged batch by batch, as the stream did."""
    narrow = keys(decoded).columns
    rows = (
        decoded.withColumn("recusado", f.col("motivo").isNotNull())
        .select(*narrow, "ingerido_em")
        .toArrow()
        .sort_by("ingerido_em")
        .combine_chunks()
    )
    stamps = rows["ingerido_em"].cast(pa.int64()).to_numpy()
    starts = np.flatnonzero(np.diff(stamps, prepend=-1))
    ends = np.append(starts, len(stamps))[1:]
    batches = rows.select(narrow)
    found = [
        judge(batches.slice(at, end - at), known, topics(), rows["ingerido_em"][at].as_py())
        for at, end in zip(starts, ends, strict=True)
    ]
    return pa.concat_tables(found), len(stamps)


def _write(flagged: DataFrame, prefix: str) -> None:
    rows = {f"silver.{topic.name}": silver_rows(flagged, topic) for topic in topics()}
    rows |= {QUARANTINE: quarantine_rows(flagged), DUPLICATES: duplicate_rows(flagged)}
    for contract in rebuilt_tables():
        writer = rows[contract.full_name].select(*contract.column_names).write.format("delta").mode("append")
        writer.partitionBy(*contract.partition_by).save(side_path(contract, prefix))
