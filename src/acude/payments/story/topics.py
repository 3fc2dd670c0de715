"""What Kafka's topics hold of one payment."""

import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from acude.kafka import brokers
from acude.payments.wire import Coordinate, headers_of
from acude.settings import Settings

_PATIENCE_S: Final = 5.0
_AT_ONCE: Final = 1_000
_LONGEST_S: Final = 30.0


@dataclass(frozen=True)
class Found:
    """A record: its place, when the broker took it (milliseconds since 1970), headers and bytes."""

    at: Coordinate
    taken_ms: int
    headers: dict[str, str]
    value: bytes


class Topics:
    """Reads topics without being a member of anything.

    Args:
        config: where the broker is.
    """

    def __init__(self, config: Settings) -> None:
        self._config = config

    def at(self, place: Coordinate) -> Found | None:
        """The record at a place; None where retention has taken it.

        Raises:
            KafkaException: the broker does not answer.
        """
        with self._consumer() as consumer:
            consumer.assign([TopicPartition(place.topic, place.partition, place.offset)])
            for record in _records(consumer, 1):
                found = _found(record)
                return found if found.at == place else None
        return None

    def between(self, topic: str, text: str, since_ms: int, until_ms: int) -> list[Found]:
        """Records that hold a text in their bytes or headers, taken within [since, until], oldest first.

        Raises:
            KafkaException: the broker does not answer.
        """
        wanted = text.encode()
        with self._consumer() as consumer:
            partitions = _seek(consumer, topic, since_ms)
            found = [_found(record) for record in _records(consumer, partitions, until_ms) if _holds(record, wanted)]
        return sorted(found, key=lambda one: one.taken_ms)

    def existing(self, names: Iterable[str]) -> list[str]:
        """Those of the topics that there are.

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
    """Goes to the first records since a time; returns in how many partitions there are any."""
    known = consumer.list_topics(topic, _PATIENCE_S).topics[topic]
    if known.error:
        raise KafkaException(known.error)
    asked = [TopicPartition(topic, number, since_ms) for number in known.partitions]
    # A partition that has nothing so new is answered with its end, which is below zero.
    places = [one for one in consumer.offsets_for_times(asked, _PATIENCE_S) if one.offset >= 0]
    consumer.assign(places)
    return len(places)


def _records(consumer: Consumer, partitions: int, until_ms: float = math.inf) -> Iterator[Message]:
    """Records until each partition's end, or until the first that was taken later."""
    ended: set[int | None] = set()
    deadline = time.monotonic() + _LONGEST_S
    while len(ended) < partitions and time.monotonic() < deadline:
        for record in consumer.consume(_AT_ONCE, 1.0):
            problem, partition = record.error(), record.partition()
            if problem and problem.code() != KafkaError._PARTITION_EOF:
                raise KafkaException(problem)
            if problem or record.timestamp()[1] > until_ms:
                ended.add(partition)
            elif partition not in ended:
                yield record


def _holds(record: Message, wanted: bytes) -> bool:
    return wanted in (record.value() or b"") or any(value == wanted for _, value in headers_of(record))


def _found(record: Message) -> Found:
    headers = {name: value.decode("utf-8", "replace") for name, value in headers_of(record)}
    place = Coordinate(record.topic() or "", record.partition() or 0, record.offset() or 0)
    value = record.value() or b""
    return Found(place, record.timestamp()[1], headers, value if isinstance(value, bytes) else value.encode())
