"""Payments on their way from the API to their topic."""

import threading
from dataclasses import dataclass
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from acude.kafka import brokers
from acude.kafka.producer import require_topic
from acude.payments.routes import TOPIC, own_topics, topic_for
from acude.settings import Settings

_LOOK_S: Final = 0.1
_LEAVE_S: Final = 2.0
_MOST_QUEUED: Final = 10_000
Headers = list[tuple[str, bytes]]


class OutboxFullError(Exception):
    """The broker takes payments more slowly than they come, or not at all."""


@dataclass
class Sending:
    """A payment under way; `taken` once the broker has acknowledged it."""

    taken: bool = False


class Outbox:
    """Sends payments without waiting for them.

    Args:
        config: where the broker is; what it has not taken within `risk_budget` is given up.

    Raises:
        BrokerError: no broker answers, or it lacks the topic.
    """

    def __init__(self, config: Settings) -> None:
        self._config = config
        for topic in (TOPIC, *own_topics(config)):
            require_topic(config, topic)
        self._producer = Producer(
            {
                **brokers.librdkafka(config),
                "client.id": "acude-porta",
                "acks": "all",
                "enable.idempotence": True,
                "linger.ms": 0,
                "message.timeout.ms": int(config.risk_budget.total_seconds() * 1000),
                # It logs the same line twenty times a second while the broker is away; the API logs it once.
                "log_level": 2,
                "queue.buffering.max.messages": _MOST_QUEUED,
            }
        )
        # The first payment must not wait for its topic's metadata.
        for topic in (TOPIC, *own_topics(config)):
            self._producer.list_topics(topic, timeout=_LEAVE_S)
        self._stop = threading.Event()
        self.thread = threading.Thread(target=self._listen, name="outbox", daemon=True)
        self.thread.start()

    def send(self, payload: bytes, way: str, key: str, headers: Headers) -> Sending:
        """Hands a payment over, to the topic of its way of paying.

        Raises:
            OutboxFullError: too many are under way.
        """
        sending = Sending()

        def answered(problem: KafkaError | None, _message: Message) -> None:
            sending.taken = problem is None

        try:
            topic = topic_for(self._config, way)
            self._producer.produce(topic, payload, key, headers=dict(headers), on_delivery=answered)
        except (BufferError, KafkaException) as problem:
            raise OutboxFullError(type(problem).__name__) from problem
        return sending

    def close(self) -> None:
        """Waits up to two seconds for what is under way."""
        self._producer.flush(_LEAVE_S)
        self._stop.set()
        self.thread.join()

    def _listen(self) -> None:
        """Delivery reports arrive only while the producer is polled."""
        while not self._stop.is_set():
            self._producer.poll(_LOOK_S)
