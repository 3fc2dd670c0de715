"""Exactly once: the records that a batch produces and the group's offsets are one Kafka transaction."""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple
from uuid import uuid4

from confluent_kafka import Producer

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
        name: begins the transactional id.
        topics: what the transactions write to.
    """

    def __init__(self, config: Settings, name: str, topics: Sequence[str]) -> None:
        self._producer = Producer(
            {
                **brokers.librdkafka(config),
                "transactional.id": f"{name}-{uuid4().hex}",
                "transaction.timeout.ms": _TRANSACTION_MS,
                "linger.ms": 0,
            },
            logger=RDKAFKA,
        )
        self._producer.init_transactions(_PATIENCE_S)
        self._rehearse(topics)

    def _rehearse(self, topics: Sequence[str]) -> None:
        """Aborts a transaction of empty records: a first transaction takes most of a second."""
        self._producer.begin_transaction()
        for topic in topics:
            self._producer.produce(topic, b"", "ensaio")
        self._producer.flush(_PATIENCE_S)
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
