"""`python -m acude.payments.worker`: decides the payments of `transacoes`, one member of a consumer group.

A batch is one Kafka transaction: its decisions, its alerts and the group's offsets are committed together, so whoever
reads committed records sees each decision once, wherever a worker dies. Starting one more worker is scaling out: the
partitions are shared anew, and each keeps its payers' order.
"""

import logging
import signal
import threading
from collections.abc import Sequence
from typing import Any, Final
from uuid import uuid4

from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata, TopicPartition

from acude.ingress.producer import connect, require_topic
from acude.payments.groups import WORKERS
from acude.payments.judge import Judge, Outcome
from acude.payments.memory import connect_memory
from acude.payments.policies import CurrentPolicy
from acude.payments.wire import ALERTS, DECISIONS, TOPIC, Reader
from acude.settings import Settings, settings

log = logging.getLogger(__name__)

_TRANSACTION_MS: Final = 5_000
_SESSION_MS: Final = 6_000


class Worker:
    """Reads, decides, writes, until told to stop."""

    def __init__(self, config: Settings, stop: threading.Event) -> None:
        require_topic(config.kafka_bootstrap, TOPIC)
        self._stop = stop
        self._batch = config.risk_batch
        self._reader = Reader()
        memory = connect_memory(config)
        self._judge = Judge(memory, CurrentPolicy(config.risk_policy), config.risk_budget)
        self._consumer = KafkaConsumer(
            TOPIC,
            bootstrap_servers=config.kafka_bootstrap.split(","),
            group_id=WORKERS,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=100,
            max_poll_records=self._batch,
            session_timeout_ms=_SESSION_MS,
            heartbeat_interval_ms=_SESSION_MS // 3,
        )
        self._producer = _producer(config)

    def run(self) -> None:
        """Decide until `stop` is set.

        Raises:
            KafkaError: the broker no longer lets this worker write; the keeper starts another one.
        """
        try:
            while not self._stop.is_set():
                polled = self._consumer.poll(timeout_ms=200, max_records=self._batch)
                records = [record for part in polled.values() for record in part]
                if records:
                    self._step(records)
        finally:
            self._consumer.close(autocommit=False)
            self._producer.close(timeout=2)

    def _step(self, records: Sequence[Any]) -> None:
        arrivals, refused = self._reader.read(records)
        for coordinate, refusal in refused:
            # The lake keeps its bytes in quarantine; the detail may quote them, so the log has the reason alone.
            log.warning("refused record=%s reason=%s", coordinate, refusal.reason)
        self._commit(self._judge.decide(arrivals), records)

    def _commit(self, outcomes: Sequence[Outcome], records: Sequence[Any]) -> None:
        ends: dict[TopicPartition, int] = {}
        for record in records:
            partition = TopicPartition(record.topic, record.partition)
            ends[partition] = max(ends.get(partition, 0), record.offset + 1)
        self._producer.begin_transaction()
        for outcome in outcomes:
            key = outcome.payment.id_pagador.encode()
            self._producer.send(DECISIONS, outcome.decision, key)
            if outcome.alert:
                self._producer.send(ALERTS, outcome.alert, key)
        offsets = {partition: OffsetAndMetadata(end, "", -1) for partition, end in ends.items()}
        self._producer.send_offsets_to_transaction(offsets, self._consumer.group_metadata())
        self._producer.commit_transaction()


def _producer(config: Settings) -> KafkaProducer:
    producer = connect(
        config.kafka_bootstrap,
        "acude-risco",
        transactional_id=f"{WORKERS}-{uuid4().hex}",
        transaction_timeout_ms=_TRANSACTION_MS,
        linger_ms=0,
        compression_type=None,
    )
    producer.init_transactions()
    return producer


def main() -> None:
    """The worker's process."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        Worker(settings(), stop).run()
    except KafkaError as problem:
        log.critical("ended by the broker: %s: %s", type(problem).__name__, problem)
        raise SystemExit(1) from problem


if __name__ == "__main__":
    main()
