"""`ingest`: every topic from Kafka to bronze, silver, quarantine and duplicates.

Bronze is committed first, the others together after it, each under the batch's number, so that a batch that runs
again after a kill repeats nothing. Only appends: what is in a table stays as it is.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql.streaming.query import StreamingQuery

from acude.contracts.model import load, topics
from acude.ingestion.arrivals import arrivals
from acude.ingestion.checkpoint import Beginning, Checkpoint
from acude.ingestion.dedup_index import DedupIndex
from acude.ingestion.duplicates import find_duplicates
from acude.ingestion.gaps import start_behind, tell
from acude.ingestion.landing import BRONZE, Landing
from acude.ingestion.recovery import end_of_bronze, unrefined
from acude.ingestion.refine import COORDINATE
from acude.kafka import brokers
from acude.kafka.topics import landed_topics
from acude.lake import spark_checkpoint
from acude.lake.commit import Writer, append_once
from acude.lake.data_files import DataFile
from acude.lake.delta import table_path
from acude.lake.ensure_table import ensure_table
from acude.lake.maintenance import stream_tables
from acude.settings import Settings, settings

if TYPE_CHECKING:
    from deltalake import DeltaTable

log = logging.getLogger(__name__)

_TOGETHER = 4
"""Tables that are committed at a time: a commit waits for S3."""


def kafka_records(
    spark: SparkSession, config: Settings, names: list[str], starting: str, *, patient: bool
) -> DataFrame:
    """The topics as a stream with bronze's raw column names (without `ingerido_em`); headers are as Kafka names them.

    Args:
        spark: the streams' session.
        config: broker and sizes of a batch.
        names: the topics.
        starting: where a new checkpoint starts.
        patient: whether a few records wait for more.
    """
    source = (
        spark.readStream.format("kafka")
        .options(**brokers.spark(config))
        # What a risk worker wrote before it died was never decided: its transaction is aborted, and another decides.
        .option("kafka.isolation.level", "read_committed")
        .option("subscribe", ",".join(names))
        .option("startingOffsets", starting)
        .option("maxOffsetsPerTrigger", config.ingest_batch)
        .option("includeHeaders", "true")
        .option("failOnDataLoss", "true")
    )
    if patient:
        source = source.option("minOffsetsPerTrigger", config.ingest_least)
        source = source.option("maxTriggerDelay", config.ingest_patience)
    return source.load().select(
        f.col("topic").alias("topico"),
        f.col("partition").alias("particao"),
        f.col("offset").alias("deslocamento"),
        f.col("timestamp").alias("carimbo_kafka"),
        f.col("key").alias("chave"),
        f.col("value").alias("valor"),
        f.col("headers").alias("cabecalhos"),
    )


class Ingest:
    """Lands micro-batches; holds the index of known events, the checkpoint's life and the tables."""

    def __init__(self, spark: SparkSession, writer: Writer, config: Settings) -> None:
        self.spark = spark
        self.writer = writer
        self.config = config
        self.topics = topics()
        self.held = landed_topics(config)
        self.index = DedupIndex()
        self.checkpoint = Checkpoint(config)
        self.tables: dict[str, DeltaTable] = {}

    def prepare(self) -> str:
        """Makes sure of the tables, loads the index, repairs after a lost checkpoint.

        Returns:
            Where a new checkpoint starts: Kafka's `startingOffsets`.
        """
        contracts = stream_tables()
        with ThreadPoolExecutor(_TOGETHER) as pool:
            made = pool.map(lambda contract: ensure_table(contract, self.config), contracts)
            self.tables = {contract.full_name: table for contract, table in zip(contracts, made, strict=True)}
        life, landed = self.checkpoint.life, datetime.now(UTC)
        if life and life.ingerido_em and life.lote >= 0:
            # A batch that runs again must know what it knew before.
            landed = life.ingerido_em
        for topic in self.topics:
            for first_ones in arrivals(topic, landed, self.config):
                self.index.add(first_ones)
        return self.checkpoint.begin(self.held, self._behind_bronze)

    def _behind_bronze(self) -> Beginning:
        """Behind what has landed, once all that bronze holds is refined; what Kafka no longer has is told."""
        landed, end = self.checkpoint.landed, end_of_bronze(self.config)
        if end:
            log.warning("There is no checkpoint to go on from: going on behind bronze's last offsets")
            missing = unrefined(end.stamp, self.topics, self.config)
            if missing.num_rows:
                self._refine_again(missing, end.stamp)
            landed |= {place: max(offset, landed.get(place, 0)) for place, offset in end.offsets.items()}
        start = start_behind(landed, self.checkpoint.topic_ids, self.held)
        tell(start.gaps, end.stamp if end else None, self.config)
        return Beginning(start.offsets, end.stamp if end else None)

    def _refine_again(self, missing: pa.Table, stamp: datetime) -> None:
        """Refines what the last batch brought to bronze alone: it was cut off between its commits.

        Args:
            missing: the records' `COORDINATE`.
            stamp: their `ingerido_em`.
        """
        landed = self.spark.read.format("delta").load(table_path(load()[BRONZE]))
        rows = landed.where(f.col("ingerido_em") == f.lit(stamp)).drop("data")
        rows = rows.join(f.broadcast(self.spark.createDataFrame(missing)), list(COORDINATE), "left_semi")
        with Landing(rows, self.config, self._tasks, bronze=False) as batch:
            name = f"repair-{uuid4()}"
            self._refine(batch, lambda table: f"{name}:{table}", 0, stamp)

    def land(self, records: DataFrame, number: int) -> None:
        """One micro-batch: bronze, then everything else."""
        self.writer.check()
        stamp = self.checkpoint.stamp(number)
        application = self.checkpoint.known.application
        stamped = records.withColumn("ingerido_em", f.lit(stamp))
        with Landing(stamped, self.config, self._tasks) as batch:
            if batch.keys.num_rows:
                self._append(BRONZE, batch.first_files[BRONZE], application, number)
                self._refine(batch, application, number, stamp)

    def _refine(self, batch: Landing, application: Callable[[str], str], number: int, landed: datetime) -> None:
        files = batch.refine(find_duplicates(batch.keys, self.index, self.topics, landed))
        with ThreadPoolExecutor(_TOGETHER) as pool:
            list(pool.map(lambda name: self._append(name, files[name], application, number), files))

    def _append(self, table: str, files: list[DataFile], application: Callable[[str], str], number: int) -> None:
        append_once(self.tables[table], self.writer, files, application(table), number)

    @property
    def _tasks(self) -> int:
        return self.config.spark_partitions


def start(
    spark: SparkSession, writer: Writer, config: Settings | None = None, *, available_now: bool = False
) -> StreamingQuery:
    """Starts the query.

    Args:
        spark: the streams' classic session.
        writer: the streams' lease, which the caller holds.
        config: where everything is; the process's settings unless given.
        available_now: land what is there and end, instead of going on.
    """
    config = config or settings()
    ingest = Ingest(spark, writer, config)
    starting = ingest.prepare()
    records = kafka_records(spark, config, list(ingest.held), starting, patient=not available_now)
    every = None if available_now else config.ingest_trigger
    return spark_checkpoint.start(records, "ingest", ingest.land, ingest.checkpoint.folder, config, every=every)
