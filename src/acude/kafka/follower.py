"""Follows a whole topic from its present end on, without a group: every process that follows sees every record."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from acude.kafka import brokers
from acude.kafka.consumer import polled
from acude.settings import Settings

_ASK_EVERY_S: Final = 1.0
_PATIENCE_S: Final = 2.0


class Follower:
    """A source that is assigned every partition of a topic. Nothing is committed.

    Args:
        config: where the broker is.
        name: stands where a group's name does.
        topic: what it follows.
        heard: called whenever the broker answers.

    Raises:
        KafkaException: the broker does not answer, or lacks the topic.
    """

    has_partitions = True

    def __init__(self, config: Settings, name: str, topic: str, heard: Callable[[], None]) -> None:
        self.group = name
        self._heard = heard
        self._asked_at = time.monotonic()
        self._consumer = Consumer(
            {
                **brokers.librdkafka(config),
                "group.id": name,
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "auto.offset.reset": "latest",
                **brokers.gathering(brokers.PROMPT_MS),
                "log_level": 2,
            }
        )
        try:
            self._places = self._ends(topic)
            self._consumer.assign(self._places)
        except KafkaException:
            self._consumer.close()
            raise
        heard()

    def _ends(self, topic: str) -> list[TopicPartition]:
        """The topic's partitions, each at its present end: nothing that comes from now on can be missed."""
        found = self._consumer.list_topics(topic, timeout=_PATIENCE_S).topics[topic]
        if found.error or not found.partitions:
            raise KafkaException(found.error or KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
        partitions = [TopicPartition(topic, number) for number in found.partitions]
        ends = [self._consumer.get_watermark_offsets(one, timeout=_PATIENCE_S)[1] for one in partitions]
        return [TopicPartition(topic, one.partition, end) for one, end in zip(partitions, ends, strict=True)]

    def take(self, most: int, wait_s: float) -> list[Message]:
        """The records that are there, `most` at most; waits for the first one only."""
        records = polled(self._consumer, most, wait_s)
        if records or self._answers():
            self._asked_at = time.monotonic()
            self._heard()
        return records

    def _answers(self) -> bool:
        """Asks a silent broker once a second: to `poll` a broker that is gone and one without news look alike."""
        if time.monotonic() - self._asked_at < _ASK_EVERY_S:
            return False
        with suppress(KafkaException):
            self._consumer.get_watermark_offsets(self._places[0], timeout=_ASK_EVERY_S, cached=False)
            return True
        return False

    def commit(self) -> None:
        """Nothing to commit."""

    def metadata(self) -> Any:  # noqa: ANN401 - librdkafka's own
        """The metadata of a group without members."""
        return self._consumer.consumer_group_metadata()

    def lag(self) -> Mapping[int, int]:
        """Nothing: only a group has a lag."""
        return {}

    def close(self) -> None:
        """Closes the connections."""
        self._consumer.close()
