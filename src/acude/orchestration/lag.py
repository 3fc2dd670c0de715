"""How far the streams are behind what they read, compared with the freshness that the contracts promise.

It asks neither Spark nor the streams. A query's finished batches are in its checkpoint on S3; what waits is in Kafka
and in the Delta log. So the answer is right even while the streams are dead.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import Any, NamedTuple

from kafka import KafkaConsumer, TopicPartition

from acude.aws import keys, objects, s3
from acude.contracts.model import Contract, table, tables, topics
from acude.kafka import brokers
from acude.lake import delta_log
from acude.settings import Settings
from jobs.streaming import queries

_POLL_MS = 5000


class Lag(NamedTuple):
    """How long the oldest record that a query hasn't processed has been waiting; zero where none waits."""

    reader: str
    source: str
    behind: timedelta
    allowed: timedelta

    @property
    def ok(self) -> bool:
        """Whether it is within what the contracts promise."""
        return self.behind <= self.allowed

    def __str__(self) -> str:
        return f"{self.reader} is {_text(self.behind)} behind {self.source} (the contract allows {_text(self.allowed)})"


def lags(config: Settings) -> list[Lag]:
    """Every topic's landing, and every live query behind its silver table."""
    now = datetime.now(UTC)
    return [*_topics_behind(config, now), *_followers_behind(config, now)]


def landed_offsets(config: Settings) -> dict[str, dict[str, int]]:
    """Offsets up to which the topics are in bronze and refined, by topic and partition."""
    return next(iter(_committed(config, queries.INGEST.checkpoint)), None) or {}


def _topics_behind(config: Settings, now: datetime) -> Iterator[Lag]:
    landed = landed_offsets(config)
    consumer = KafkaConsumer(**brokers.kafka_python(config), enable_auto_commit=False)
    try:
        existing = consumer.topics()
        for topic in topics():
            for name in topic.kafka_topics:
                if topic.freshness is not None and name in existing:
                    oldest = _oldest_waiting(consumer, name, landed.get(name, {}))
                    yield Lag(queries.INGEST.name, name, now - oldest if oldest else timedelta(), topic.freshness)
    finally:
        consumer.close()


def _oldest_waiting(consumer: KafkaConsumer, topic: str, landed: dict[str, int]) -> datetime | None:
    """When the broker took the oldest record that isn't landed; None where all are."""
    partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
    first, end = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
    waiting = {one: max(landed.get(str(one.partition), 0), first[one]) for one in partitions}
    waiting = {one: offset for one, offset in waiting.items() if offset < end[one]}
    stamps = []
    for partition, offset in waiting.items():
        consumer.assign([partition])
        consumer.seek(partition, offset)
        found = consumer.poll(timeout_ms=_POLL_MS, max_records=1)
        stamps += [record.timestamp for records in found.values() for record in records]
    return datetime.fromtimestamp(min(stamps) / 1000, UTC) if stamps else None


def _followers_behind(config: Settings, now: datetime) -> Iterator[Lag]:
    allowed = max(live.freshness for live in _live_tables() if live.freshness)
    for query in queries.active():
        for source, done in zip_longest(query.sources, _committed(config, query.checkpoint) if query.sources else ()):
            # Delta's offset names the first version that isn't read to its end.
            oldest = _oldest_commit(config, table(source), int(done["reservoirVersion"])) if done else None
            yield Lag(query.name, source, now - oldest if oldest else timedelta(), allowed)


def _live_tables() -> list[Contract]:
    return [contract for contract in tables() if contract.writer == "streams" and contract.layer == "gold"]


def _oldest_commit(config: Settings, source: Contract, version: int) -> datetime | None:
    """When the oldest commit with new rows, from that version on, was made; None where there is none."""
    log = delta_log.folder(source)
    for entry in objects(config.lake_bucket, log, config, after=f"{log}{version - 1:020d}.json"):
        if entry["Key"].endswith(".json") and _brings_rows(config, entry["Key"]):
            return entry["LastModified"]
    return None


def _brings_rows(config: Settings, key: str) -> bool:
    """Whether a commit adds rows: one that only joins files makes no work for a reader."""
    text = s3(config).get_object(Bucket=config.lake_bucket, Key=key)["Body"].read().decode()
    actions = (json.loads(line) for line in text.splitlines())
    return any(action["add"]["dataChange"] for action in actions if "add" in action)


def _committed(config: Settings, checkpoint: str) -> list[dict[str, Any] | None]:
    """The offsets of each source up to which a query's last finished batch went; none before the first."""
    checkpoint = _newest(config, checkpoint)
    prefix = f"{checkpoint}/commits/"
    names = [key.removeprefix(prefix) for key in keys(config.lake_bucket, prefix, config)]
    batches = [int(name) for name in names if name.isdigit()]
    if not batches:
        return []
    offsets = f"{checkpoint}/offsets/{max(batches)}"
    body = s3(config).get_object(Bucket=config.lake_bucket, Key=offsets)["Body"].read()
    # A line with the version, a line with the batch's settings, then one per source.
    return [json.loads(line) if line != "-" else None for line in body.decode().splitlines()[2:]]


def _newest(config: Settings, checkpoint: str) -> str:
    """The folder that Spark writes now: a query that started over has a subfolder of its own, named by its time."""
    found = s3(config).list_objects_v2(Bucket=config.lake_bucket, Prefix=f"{checkpoint}/", Delimiter="/")
    folders = [entry["Prefix"].rstrip("/") for entry in found.get("CommonPrefixes", ())]
    return checkpoint if f"{checkpoint}/commits" in folders else max(folders, default=checkpoint)


def _text(time: timedelta) -> str:
    seconds = int(time.total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"  # noqa: PLR2004 - two minutes read well as seconds
