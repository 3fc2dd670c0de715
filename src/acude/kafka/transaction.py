"""Exactly once: the records that a batch produces and the group's offsets are one Kafka transaction."""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from confluent_kafka import Consumer, Producer, TopicPartition

from acude.kafka import brokers
from acude.kafka.consumer import RDKAFKA, Batch, Effect, Strategy
from acude.settings import Settings

_TRANSACTION_MS: Final = 5_000
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
        group: its consumer group.
        reads: the topic that the group reads.
        writes: the topics that the transactions write to.
    """

    def __init__(self, config: Settings, identity: str, group: str, reads: str, writes: Sequence[str]) -> None:
        self._producer = Producer(
            {
                **brokers.librdkafka(config),
                "transactional.id": identity,
                "transaction.timeout.ms": _TRANSACTION_MS,
                "linger.ms": 0,
            },
            logger=RDKAFKA,
        )
        self._producer.init_transactions(_PATIENCE_S)
        self._abort_what_hangs(config, group, reads, writes)

    def _abort_what_hangs(self, config: Settings, group: str, reads: str, writes: Sequence[str]) -> None:
        """Aborts a transaction that has a record in every partition, and an offset of the group.

        A broker that was killed may forget to end this producer's last transaction in some partitions. Readers of
        committed records would wait there for ever, but the next end of a transaction of the same producer ends it too.
        """
        self._producer.begin_transaction()
        for topic in writes:
            for partition in self._producer.list_topics(topic, _PATIENCE_S).topics[topic].partitions:
                self._producer.produce(topic, b"", "ensaio", partition)
        self._producer.flush(_PATIENCE_S)
        member = Consumer({**brokers.librdkafka(config), "group.id": group}, logger=RDKAFKA)
        try:
            of_nobody = member.consumer_group_metadata()
            self._producer.send_offsets_to_transaction([TopicPartition(reads, 0, 0)], of_nobody, _PATIENCE_S)
        finally:
            member.close()
        self._producer.abort_transaction(_PATIENCE_S)

    @abstractmethod
    def outgoing(self, effects: Sequence[Effect]) -> Iterable[Outgoing]:
        """The records that the effects become."""

    def finish(self, effects: Sequence[Effect], batch: Batch) -> None:
        """Produces the records and commits the offsets.

        Raises:
            KafkaException: the broker no longer lets this producer write; nothing of the batch is visible.
        """
        self._producer.begin_transaction()
        for record in self.outgoing(effects):
            self._producer.produce(record.topic, record.value, record.key, headers=record.headers)
        self._producer.send_offsets_to_transaction(batch.offsets, batch.source.metadata(), _PATIENCE_S)
        self._producer.commit_transaction(_PATIENCE_S)
