"""How far the streams are behind what they read, compared with the freshness that the contracts promise.

It asks neither Spark nor the streams. A query's finished batches are in its checkpoint on S3; what waits is in Kafka
and in the Delta log. So the answer is right even while the streams are dead.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import NamedTuple

from kafka import KafkaConsumer, TopicPartition

from acude.contracts.model import STREAMS, Contract, table, tables, topics
from acude.kafka import brokers
from acude.lake import delta_log
from acude.lake.spark_checkpoint import finished_offsets, unread_version
from acude.settings import Settings
from jobs.streaming import queries

_POLL_MS = 5000


class Lag(NamedTuple):
    """How long the oldest record that a query hasn't processed has been waiting; zero where none waits.

    Attributes:
        behind: None: records wait, and the broker did not say since when.
    """

    reader: str
    source: str
    behind: timedelta | None
    allowed: timedelta

    @property
    def ok(self) -> bool:
        """Whether it is known to be within what the contracts promise."""
        return self.behind is not None and self.behind <= self.allowed

    def __str__(self) -> str:
        if self.behind is None:
            return f"how far {self.reader} is behind {self.source} is unknown: the broker did not hand out what waits"
        return f"{self.reader} is {_text(self.behind)} behind {self.source} (the contract allows {_text(self.allowed)})"


def lags(config: Settings) -> list[Lag]:
    """Every topic's landing, and every live query behind its silver table."""
    now = datetime.now(UTC)
    return [*_topics_behind(config, now), *_followers_behind(config, now)]


def landed_offsets(config: Settings) -> dict[str, dict[str, int]]:
    """Offsets up to which the topics are in bronze and refined, by topic and partition."""
    return next(iter(finished_offsets(queries.INGEST.checkpoint, config)), None) or {}


def _topics_behind(config: Settings, now: datetime) -> Iterator[Lag]:
    landed = landed_offsets(config)
    consumer = KafkaConsumer(**brokers.kafka_python(config), enable_auto_commit=False)
    try:
        existing = consumer.topics()
        for topic in topics():
            for name in topic.kafka_topics:
                if topic.freshness is not None and name in existing:
                    behind = _behind(consumer, name, landed.get(name, {}), now)
                    yield Lag(queries.INGEST.name, name, behind, topic.freshness)
    finally:
        consumer.close()


def _behind(consumer: KafkaConsumer, topic: str, landed: dict[str, int], now: datetime) -> timedelta | None:
    """How long ago the broker took the oldest record that isn't landed; zero where all are, None where it can't say."""
    partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
    if not partitions:
        return None
    first, end = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
    stamps = [now]
    for partition in partitions:
        waiting = max(landed.get(str(partition.partition), 0), first[partition])
        if waiting >= end[partition]:
            continue
        consumer.assign([partition])
        consumer.seek(partition, waiting)
        found = consumer.poll(timeout_ms=_POLL_MS, max_records=1)
        records = [record for several in found.values() for record in several]
        # Behind the last record there may be marks of transactions alone: the consumer passes them.
        if not records and consumer.position(partition) < end[partition]:
            return None
        stamps += [datetime.fromtimestamp(record.timestamp / 1000, UTC) for record in records]
    return now - min(stamps)


def _followers_behind(config: Settings, now: datetime) -> Iterator[Lag]:
    allowed = max(live.freshness for live in _live_tables() if live.freshness)
    for query in queries.active():
        done = finished_offsets(query.checkpoint, config) if query.sources else ()
        for source, offset in zip_longest(query.sources, done):
            # A query that has not finished a batch with this source has all of it before it.
            unread = unread_version(offset) if offset else 0
            oldest = delta_log.oldest_rows_since(table(source), unread, config)
            yield Lag(query.name, source, now - oldest if oldest else timedelta(), allowed)


def _live_tables() -> list[Contract]:
    return [contract for contract in tables() if contract.writer == STREAMS and contract.layer == "gold"]


def _text(time: timedelta) -> str:
    seconds = int(time.total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"  # noqa: PLR2004 - two minutes read well as seconds
