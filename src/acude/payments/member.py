"""A member of a consumer group: takes records from those of the topic's partitions that are its own."""

import logging
from typing import Any, Final

from confluent_kafka import Consumer, KafkaException, Message

from acude.kafka import brokers
from acude.settings import Settings

log = logging.getLogger(__name__)
_RDKAFKA: Final = logging.getLogger("rdkafka")

_SESSION_MS: Final = 10_000
"""After so long a member that died is out of the group, and its records are another's."""


class Member:
    """Joins at once; the group's other members are told when it is closed.

    Args:
        config: where the broker is.
        group: the group's name.
        topic: what it reads, from the beginning where the group has not read it before.
        properties: of librdkafka, in the place of its defaults.
    """

    def __init__(self, config: Settings, group: str, topic: str, **properties: object) -> None:
        own = {name.replace("_", "."): value for name, value in properties.items()}
        self._consumer = Consumer(
            {
                **brokers.librdkafka(config),
                "group.id": group,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "session.timeout.ms": _SESSION_MS,
                **own,
            },
            logger=_RDKAFKA,
        )
        self._consumer.subscribe([topic])
        self.group = group

    def take(self, most: int, wait_s: float) -> list[Message]:
        """What is there, at most so many records; waits for the first one only."""
        first = self._consumer.poll(wait_s)
        if first is None:
            return []
        found = [first, *self._consumer.consume(most - 1, 0)]
        for record in found:
            if problem := record.error():
                log.warning("the broker says", extra={"answer": problem.str()})
        return [record for record in found if not record.error()]

    def commit(self) -> None:
        """Everything taken is dealt with. What the broker does not learn is taken once more, by whoever follows."""
        try:
            self._consumer.commit(asynchronous=False)
        except KafkaException as problem:
            log.warning("not committed", extra={"answer": str(problem)})

    @property
    def has_partitions(self) -> bool:
        """Whether any partition is its own."""
        return bool(self._consumer.assignment())

    def lag(self) -> dict[int, int]:
        """Records behind the newest by partition, as far as the client knows: nobody is asked."""
        places = self._consumer.position(self._consumer.assignment())
        ends = {one.partition: self._consumer.get_watermark_offsets(one, cached=True)[1] for one in places}
        return {
            one.partition: ends[one.partition] - one.offset
            for one in places
            if min(one.offset, ends[one.partition]) >= 0
        }

    def metadata(self) -> Any:  # noqa: ANN401 - librdkafka's own
        """What a transaction that commits this member's offsets is told of the group."""
        return self._consumer.consumer_group_metadata()

    def close(self) -> None:
        """Leaves the group; nothing is committed."""
        self._consumer.close()
