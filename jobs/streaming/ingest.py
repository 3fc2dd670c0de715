"""`ingest`: every topic from Kafka to bronze, silver, quarantine and duplicates, in one pass a micro-batch.

Bronze is committed first, the others together after it, each under the batch's number, so that a batch that runs
again after a kill repeats nothing. Only appends: what is in a table stays as it is.
"""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
from botocore.exceptions import ClientError
from pyspark import InheritableThread
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql.streaming.query import StreamingQuery

from acude.aws import s3
from acude.contracts.documents import tokens_of
from acude.contracts.model import Contract, load, topics
from acude.ingestion.arrivals import arrivals
from acude.ingestion.dedup_index import KnownEvents
from acude.ingestion.refine import (
    COORDINATE,
    bronze_rows,
    decode,
    duplicate_rows,
    flag,
    judge,
    keys,
    of_contract,
    quarantine_rows,
    silver_rows,
)
from acude.kafka import brokers
from acude.kafka.topics import landed_topics
from acude.lake.append import append_once
from acude.lake.delta import table_path
from acude.lake.maintenance import create, stream_tables
from acude.lake.snapshot import snapshot
from acude.settings import Settings, settings

log = logging.getLogger(__name__)

CHECKPOINT = "_checkpoints/ingest"

Task = Callable[[], None]


def kafka_records(
    spark: SparkSession, config: Settings, names: list[str], starting: str, *, patient: bool
) -> DataFrame:
    """The topics as a stream with bronze's raw column names (without `ingerido_em`).

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
    headers = f.expr("transform(headers, h -> struct(h.key as chave, h.value as valor))")
    return source.load().select(
        f.col("topic").alias("topico"),
        f.col("partition").alias("particao"),
        f.col("offset").alias("deslocamento"),
        f.col("timestamp").alias("carimbo_kafka"),
        f.col("key").alias("chave"),
        f.col("value").alias("valor"),
        headers.alias("cabecalhos"),
    )


class Landing:
    """Lands micro-batches; holds the index of known events and the application id of the checkpoint."""

    def __init__(self, spark: SparkSession, config: Settings) -> None:
        self.spark = spark
        self.config = config
        self.contracts = load()
        self.topics = topics()
        self.kafka_topics = landed_topics(config)
        self.tokens = tokens_of(config)
        self.known = KnownEvents()
        self.first_batch: int | None = None
        self.cores = spark.sparkContext.defaultParallelism
        self.state = self._checkpoint_state()

    # Each checkpoint has an id of its own: a lost one makes Delta's transaction ids start anew, too.
    @property
    def _state_place(self) -> dict[str, str]:
        return {"Bucket": self.config.lake_bucket, "Key": f"{CHECKPOINT}/acude.json"}

    def _checkpoint_state(self) -> dict[str, Any]:
        try:
            body = s3(self.config).get_object(**self._state_place)["Body"].read()  # type: ignore[arg-type]
        except ClientError as problem:
            if problem.response["Error"]["Code"] != "NoSuchKey":
                raise
            return {}
        state: dict[str, Any] = json.loads(body)
        return state

    def _remember(self, **changes: object) -> None:
        self.state |= changes
        s3(self.config).put_object(**self._state_place, Body=json.dumps(self.state).encode())  # type: ignore[arg-type]

    def prepare(self) -> str:
        """Provides the streams' tables, loads the index, repairs after a lost checkpoint.

        Returns:
            Where a new checkpoint starts: Kafka's `startingOffsets` as JSON.
        """
        bronze = self.contracts["bronze.eventos"]
        create(stream_tables(), self.config)
        before = self.state.get("ingerido_em")
        # A batch that runs again must know what it knew before.
        landed = datetime.fromisoformat(before) if before else datetime.now(UTC)
        for topic in self.topics:
            for first_ones in arrivals(topic, landed, self.config):
                self.known.add(first_ones)
        if self.state:
            return "earliest"
        starting = self._go_on_behind(bronze)
        self._remember(id=str(uuid4()), lote=-1, ingerido_em=None)
        return starting

    def _go_on_behind(self, bronze: Contract) -> str:
        """Behind bronze's last offsets, once all that it holds is refined."""
        found = snapshot(bronze, self.config)
        if not found or found.is_empty:
            return "earliest"
        log.warning("The checkpoint is gone: going on behind bronze's last offsets")
        landed = self.spark.read.format("delta").load(table_path(bronze))
        offsets = landed.groupBy("topico", "particao").agg(f.max("deslocamento").alias("ultimo")).collect()
        self._repair(landed)
        return self._starting_offsets({(row.topico, row.particao): row.ultimo for row in offsets})

    def _starting_offsets(self, last: dict[tuple[str, int], int]) -> str:
        """Behind bronze's last offsets, earliest for partitions that bronze has nothing of."""
        partitions = {name: topic.partitions for topic in self.topics for name in topic.kafka_topics}
        # -2 is Kafka's word for the earliest offset.
        starts = {
            name: {str(one): last.get((name, one), -3) + 1 for one in range(partitions[name])}
            for name in self.kafka_topics
        }
        return json.dumps(starts)

    def _repair(self, landed: DataFrame) -> None:
        """Refines what the last batch brought to bronze and not to silver: it was cut off between its commits."""
        last = landed.agg(f.max("ingerido_em")).first()
        stamp = last[0] if last else None
        rows = landed.where(f.col("ingerido_em") == f.lit(stamp))
        for table in ("silver.quarentena", "silver.duplicatas", *(f"silver.{t.name}" for t in self.topics)):
            contract = self.contracts[table]
            done = self.spark.read.format("delta").load(table_path(contract))
            named = f.col("topico") if "topico" in contract.column_names else f.lit(None)
            done = done.withColumn("topico", f.coalesce(named, f.lit(contract.name)))
            rows = rows.join(done.select(*COORDINATE), COORDINATE, "left_anti")
        decoded = decode(rows.drop("data"), self.topics, self.tokens).coalesce(self.cores).persist()
        try:
            self._refine(decoded, keys(decoded).toArrow(), f"repair-{uuid4()}", 0, stamp or datetime.now(UTC))
        finally:
            decoded.unpersist()

    def land(self, batch: DataFrame, number: int) -> None:
        """One micro-batch: bronze, then everything else."""
        if self.first_batch is None:
            self.first_batch = number
        if number != self.state["lote"]:
            before = self.state["ingerido_em"]
            now = datetime.now(UTC)
            # Rising, so that bronze's order of arrival can be told from it even if the clock steps back.
            stamp = max(now, datetime.fromisoformat(before) + timedelta(microseconds=1)) if before else now
            self._remember(lote=number, ingerido_em=stamp.isoformat())
        stamp = datetime.fromisoformat(self.state["ingerido_em"])
        records = batch.withColumn("ingerido_em", f.lit(stamp))
        decoded = decode(records, self.topics, self.tokens).coalesce(self.cores).persist()
        try:
            table = keys(decoded).toArrow()
            if table.num_rows:
                self._append(bronze_rows(decoded), self.contracts["bronze.eventos"], self._application, number)
                self._refine(decoded, table, self._application, number, stamp)
        finally:
            # At once: two batches don't fit into the heap beside each other.
            decoded.unpersist(blocking=True)

    def _refine(self, decoded: DataFrame, batch: pa.Table, application: str, number: int, landed: datetime) -> None:
        flags = judge(batch, self.known, self.topics, landed)
        flagged = flag(decoded, flags)
        work: list[tuple[DataFrame, Contract]] = []
        accepted = batch.filter(pc.invert(batch["recusado"]))
        for topic in self.topics:
            mine, repeated = (pc.sum(of_contract(rows["topico"], topic)).as_py() or 0 for rows in (accepted, flags))
            if mine > repeated:
                work.append((silver_rows(flagged, topic), self.contracts[f"silver.{topic.name}"]))
        repeats = pc.sum(pc.equal(flags["veredito"], "duplicata")).as_py() or 0
        if accepted.num_rows < batch.num_rows or repeats < flags.num_rows:
            work.append((quarantine_rows(flagged), self.contracts["silver.quarentena"]))
        if repeats:
            work.append((duplicate_rows(flagged), self.contracts["silver.duplicatas"]))
        in_parallel([partial(self._append, frame, table, application, number) for frame, table in work])

    @property
    def _application(self) -> str:
        return f"ingest-{self.state['id']}"

    def _append(self, frame: DataFrame, table: Contract, application: str, number: int) -> None:
        # A batch that another driver has begun is always the first that this one gets.
        append_once(frame, table, application, number, may_be_there=number == self.first_batch)


def in_parallel(tasks: list[Task]) -> None:
    """Runs the tasks in threads that carry Spark's local properties; the first failure is raised."""
    failures: list[BaseException] = []

    def guarded(task: Task) -> None:
        try:
            task()
        except BaseException as problem:  # noqa: BLE001 - carried over to the caller's thread
            failures.append(problem)

    threads = [InheritableThread(target=guarded, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def start(spark: SparkSession, config: Settings | None = None, *, available_now: bool = False) -> StreamingQuery:
    """Starts the query; the caller holds the writer's lease.

    Args:
        spark: the streams' classic session.
        config: where everything is; the process's settings unless given.
        available_now: land what is there and end, instead of going on.
    """
    config = config or settings()
    landing = Landing(spark, config)
    starting = landing.prepare()
    trigger: dict[str, Any] = {"availableNow": True} if available_now else {"processingTime": config.ingest_trigger}
    return (
        kafka_records(spark, config, landing.kafka_topics, starting, patient=not available_now)
        .writeStream.queryName("ingest")
        .foreachBatch(landing.land)
        .option("checkpointLocation", f"{config.lake}/{CHECKPOINT}")
        .trigger(**trigger)
        .start()
    )
