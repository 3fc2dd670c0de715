"""Brings disputes on payments (`contestacoes`) into the workers' velocity store, which knows the frauds at terminals.

Every worker runs this consumer in a thread of its own; the group divides the topic's partitions among them. Storing a
dispute twice changes nothing.
"""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from confluent_kafka import Message

from acude.contracts.decoder import Decoder
from acude.contracts.documents import Tokens, tokens_of
from acude.contracts.model import table
from acude.kafka.consumer import AtLeastOnce, GroupConsumer, LetterBox, Runner
from acude.kafka.health import Health
from acude.kafka.service import run_in_thread
from acude.payments.deadletters import KafkaLetterBox
from acude.payments.groups import DISPUTES
from acude.payments.velocity_store import VelocityStore, VelocityStoreError
from acude.risk.comparison import Label
from acude.risk.disputes import Dispute
from acude.risk.first_decision import key_of
from acude.risk.payment import microseconds
from acude.settings import Settings

TOPIC: Final = "contestacoes"

_RETRY_S: Final = 1.0


class Disputes(AtLeastOnce[Dispute]):
    """Stores what disputes say.

    Args:
        store: the workers'.
        stop: ends the retries while the store is away.
        health: of this consumer.
        letters: takes what is no dispute.
        tokens: makes what stands in the place of an id with a document in it, as the worker has it.
    """

    batch_size = 500
    wait_s = 1.0

    def __init__(
        self,
        store: VelocityStore,
        stop: threading.Event,
        health: Health,
        letters: LetterBox,
        tokens: Tokens | None = None,
    ) -> None:
        self.health = health
        self.letters = letters
        self._store = store
        self._stop = stop
        self._decoder = Decoder(table(f"topics.{TOPIC}"), tokens)

    def handle(self, records: Sequence[Message]) -> list[Dispute]:
        """The disputes."""
        found = []
        for record in records:
            _, taken_ms = record.timestamp()
            fields: dict[str, Any] = self._decoder.one(record.value(), datetime.fromtimestamp(taken_ms / 1000, UTC))
            at_us, known_at_us = microseconds(fields["transacao_em"]), microseconds(fields["timestamp"])
            honest = fields["resultado"] == str(Label.HONEST)
            found.append(Dispute(key_of(fields), fields.get("id_terminal"), at_us, known_at_us, honest))
        return found

    def store(self, effects: Sequence[Dispute]) -> bool:
        """Stores them, and tries again while the store is away."""
        while effects and not self._stop.is_set():
            try:
                self._store.store_disputes(effects)
            except VelocityStoreError:
                self.health.beat()
                self._stop.wait(_RETRY_S)
            else:
                return True
        return not effects


def follow_disputes(config: Settings, store: VelocityStore, stop: threading.Event, worker: Health) -> threading.Thread:
    """Starts the consumer, in a thread: no payment waits for it.

    Args:
        config: where the broker is.
        store: the workers'.
        stop: ends the consumer.
        worker: shows the consumer's lag, and asks for its heartbeat.
    """
    health, tokens = Health(worker), tokens_of(config)

    def build() -> Runner[Dispute]:
        health.beat()
        strategy = Disputes(store, stop, health, KafkaLetterBox(config, "acude-contestacoes"), tokens)
        return Runner(GroupConsumer(config, DISPUTES, TOPIC), strategy, stop)

    return run_in_thread("disputes", build, stop, health)
