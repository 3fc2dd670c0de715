"""Bounded reads of a topic: a record at its place, or all records up to the present end. No group, no commits."""

import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from acude.kafka import brokers
from acude.kafka.records import Coordinate, encoded, headers_of
from acude.settings import Settings

_PATIENCE_S: Final = 5.0
_BATCH: Final = 1_000
_SILENCE_S: Final = 30.0
"""A broker that sends nothing new for this long does not answer. A long topic may take longer."""


@dataclass(frozen=True)
class Found:
    """A record: its place, the broker's timestamp (milliseconds since 1970), and its content."""

    at: Coordinate
    taken_ms: int
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]

    def header(self, name: str) -> str | None:
        """The last header of that name as text; None where there is none."""
        found = dict(self.headers).get(name)
        return None if found is None else found.decode("utf-8", "replace")


class TopicReader:
    """Reads committed records of topics.

    Args:
        config: where the broker is.
    """

    def __init__(self, config: Settings) -> None:
        self._config = config

    def at(self, place: Coordinate) -> Found | None:
        """The record at a place; None where retention has removed it.

        Raises:
            KafkaException: the broker does not answer, or stops answering.
        """
        with self._consumer() as consumer:
            consumer.assign([TopicPartition(place.topic, place.partition, place.offset)])
            for record in _records(consumer, 1):
                found = _found(record)
                return found if found.at == place else None
        return None

    def between(
        self, topic: str, since_ms: int = 0, until_ms: float = math.inf, *, holding: bytes = b""
    ) -> list[Found]:
        """The records up to the topic's present end that the broker took within [since, until], oldest first.

        Args:
            topic: its name.
            since_ms: milliseconds since 1970.
            until_ms: included.
            holding: only records that hold these bytes, in their value or as a header.

        Raises:
            KafkaException: the broker lacks the topic, does not answer, or stops answering: a part is never returned.
        """
        with self._consumer() as consumer:
            partitions = _seek(consumer, topic, since_ms)
            found = [_found(one) for one in _records(consumer, partitions, until_ms) if _holds(one, holding)]
        return sorted(found, key=lambda one: one.taken_ms)

    def existing(self, names: Iterable[str]) -> list[str]:
        """Those of the topics that the broker has.

        Raises:
            KafkaException: the broker does not answer.
        """
        with self._consumer() as consumer:
            known = consumer.list_topics(timeout=_PATIENCE_S).topics
        return [name for name in names if name in known]

    @contextmanager
    def _consumer(self) -> Iterator[Consumer]:
        consumer = Consumer(
            {
                **brokers.librdkafka(self._config),
                "group.id": "acude-rastro",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "log_level": 0,
            }
        )
        try:
            yield consumer
        finally:
            consumer.close()


def _seek(consumer: Consumer, topic: str, since_ms: int) -> int:
    """Goes to the first records since a time; returns how many partitions have any."""
    known = consumer.list_topics(topic, _PATIENCE_S).topics[topic]
    if known.error:
        raise KafkaException(known.error)
    asked = [TopicPartition(topic, number, since_ms) for number in known.partitions]
    # A partition that has nothing so new is answered with its end, which is below zero.
    places = [one for one in consumer.offsets_for_times(asked, _PATIENCE_S) if one.offset >= 0]
    consumer.assign(places)
    return len(places)


def _records(consumer: Consumer, partitions: int, until_ms: float = math.inf) -> Iterator[Message]:
    """Records until each partition's end, or until its first record that was taken later.

    Raises:
        KafkaException: the broker fails, or is silent about a partition that has not ended.
    """
    ended: set[int | None] = set()
    deadline = time.monotonic() + _SILENCE_S
    while len(ended) < partitions:
        records = [one for one in consumer.consume(_BATCH, 1.0) if one.partition() not in ended]
        if not records and time.monotonic() > deadline:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        for record in records:
            problem = record.error()
            if problem and problem.code() != KafkaError._PARTITION_EOF:
                raise KafkaException(problem)
            if problem or record.timestamp()[1] > until_ms:
                ended.add(record.partition())
            elif record.partition() not in ended:
                yield record
        if records:
            deadline = time.monotonic() + _SILENCE_S


def _holds(record: Message, wanted: bytes) -> bool:
    value = encoded(record.value()) or b""
    return wanted in value or any(value == wanted for _, value in headers_of(record))


def _found(record: Message) -> Found:
    value = encoded(record.value()) or b""
    return Found(Coordinate.of(record), record.timestamp()[1], encoded(record.key()), value, tuple(headers_of(record)))
