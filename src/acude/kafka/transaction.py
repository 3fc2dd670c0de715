"""Exactly once: the records that a batch produces and the group's offsets are one Kafka transaction."""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Producer
from kafka import TopicPartition

from acude.kafka import brokers
from acude.kafka.consumer import RDKAFKA, Batch, Effect, Strategy
from acude.kafka.forgotten import OFFSETS, end_what_was_forgotten
from acude.settings import Settings

TIMEOUT_MS: Final = 5_000
"""What is not committed after this long is no part of any topic."""

_PATIENCE_S: Final = 30

Headers = list[tuple[str, str | bytes | None]]


class Outgoing(NamedTuple):
    """A record that is to be produced."""

    topic: str
    value: bytes
    key: str | bytes | None
    headers: Headers


class Transactional(Strategy[Effect]):
    """Produces a batch's records and commits its offsets in one transaction.

    Readers of committed records see each of them once, wherever a process dies. The broker fences a consumer that lost
    its partitions: its transaction carries an old generation of the group and fails.

    Args:
        config: where the broker is.
        identity: tells this consumer from all others, and is the same when it starts again.
        writes: the topics that the transactions write to.
    """

    def __init__(self, config: Settings, identity: str, writes: Sequence[str]) -> None:
        self._alone = False
        self._producer = Producer(
            {
                **brokers.librdkafka(config),
                "transactional.id": identity,
                "transaction.timeout.ms": TIMEOUT_MS,
                "linger.ms": 0,
                "error_cb": self._note,
            },
            logger=RDKAFKA,
        )
        places = [place for topic in (*writes, OFFSETS) for place in self._partitions(topic)]
        end_what_was_forgotten(config, identity, places)
        self._producer.init_transactions(_PATIENCE_S)
        self._rehearse(writes)

    def _partitions(self, topic: str) -> list[TopicPartition]:
        found = self._producer.list_topics(topic, _PATIENCE_S).topics[topic].partitions
        return [TopicPartition(topic, partition) for partition in found]

    def _rehearse(self, topics: Sequence[str]) -> None:
        """Aborts a transaction of empty records: a first transaction takes most of a second."""
        self._producer.begin_transaction()
        for topic in topics:
            self._producer.produce(topic, b"", "ensaio")
        self._producer.flush(_PATIENCE_S)
        self._producer.abort_transaction(_PATIENCE_S)

    def _note(self, problem: KafkaError) -> None:
        self._alone = self._alone or problem.code() == KafkaError._ALL_BROKERS_DOWN

    def idle(self) -> None:
        """Notices that no broker is there any more; see `_require_broker`."""
        self._require_broker()

    def _require_broker(self) -> None:
        """Ends the process where all brokers have been away, so that it starts again.

        librdkafka may wait for ever after such a moment, and what a broker forgets by its death is mended at a start.

        Raises:
            KafkaException: they have.
        """
        self._producer.poll(0)
        if self._alone:
            raise KafkaException(KafkaError(KafkaError._ALL_BROKERS_DOWN))

    @abstractmethod
    def outgoing(self, effects: Sequence[Effect]) -> Iterable[Outgoing]:
        """The records that the effects become."""

    def finish(self, effects: Sequence[Effect], batch: Batch) -> None:
        """Produces the records and commits the offsets.

        Raises:
            KafkaException: the broker no longer lets this producer write; nothing of the batch is visible.
        """
        self._require_broker()
        self._producer.begin_transaction()
        for record in self.outgoing(effects):
            self._producer.produce(record.topic, record.value, record.key, headers=record.headers)
        self._producer.send_offsets_to_transaction(batch.offsets, batch.source.metadata(), _PATIENCE_S)
        self._producer.commit_transaction(_PATIENCE_S)
