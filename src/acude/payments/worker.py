"""`python -m acude.payments.worker`: decides the payments of `transacoes`, one member of a consumer group.

A batch is one Kafka transaction: its decisions, its alerts and the group's offsets are committed together, so whoever
reads committed records sees each decision once, wherever a worker dies. Starting one more worker is scaling out: the
partitions are shared anew, and each keeps its payers' order.
"""

import logging
import signal
import threading
from collections.abc import Sequence
from typing import Final
from uuid import uuid4

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

from acude.ingress.producer import require_topic
from acude.payments.blacklist import Blacklist
from acude.payments.groups import WORKERS
from acude.payments.judge import Judge, Outcome
from acude.payments.memory import connect_memory
from acude.payments.metrics import Metrics, serve
from acude.payments.policies import CurrentPolicy
from acude.payments.watchdog import watch
from acude.payments.wire import ALERTS, DECISIONS, TOPIC, Reader
from acude.risk.model import Model
from acude.settings import Settings, settings

log = logging.getLogger(__name__)

_TRANSACTION_MS: Final = 5_000
_SESSION_MS: Final = 6_000
_LOOK_S: Final = 0.2
_PATIENCE_S: Final = 30


class Worker:
    """Reads, decides, writes, until told to stop.

    librdkafka, for a batch's transaction: kafka-python takes 14 ms of each batch for it, librdkafka 8, with a quarter
    less CPU in all (docs/decisions/payments-worker.md).
    """

    def __init__(self, config: Settings, stop: threading.Event) -> None:
        require_topic(config.kafka_bootstrap, TOPIC)
        self._stop = stop
        self._batch = config.risk_batch
        self._reader = Reader()
        self._blacklist = Blacklist(config)
        policy = CurrentPolicy(config.risk_policy)
        model = Model.load(config.risk_model) if config.risk_model else None
        self._judge = Judge(connect_memory(config), self._blacklist, policy, config.risk_budget, model=model)
        self.metrics = Metrics()
        self.metrics.watch([self._judge.breaker, self._blacklist.breaker])
        self._consumer = _consumer(config, self.metrics)
        self._producer = _producer(config)

    def run(self) -> None:
        """Decide until `stop` is set.

        Raises:
            KafkaException: the broker no longer lets this worker write; the keeper starts another one.
        """
        try:
            while not self._stop.is_set():
                self.metrics.beat()
                if records := self._next():
                    with self.metrics.batch.time():
                        self._step(records)
        finally:
            self._consumer.close()
            self._blacklist.close()

    def _next(self) -> list[Message]:
        """What is there, at most a batch; waits a moment for the first record only."""
        first = self._consumer.poll(_LOOK_S)
        if first is None:
            return []
        found = [first, *self._consumer.consume(self._batch - 1, 0)]
        for record in found:
            if problem := record.error():
                log.warning("the broker says: %s", problem.str())
        return [record for record in found if not record.error()]

    def _step(self, records: Sequence[Message]) -> None:
        arrivals, refused = self._reader.read(records)
        for coordinate, refusal in refused:
            # The lake keeps its bytes in quarantine; the detail may quote them, so the log has the reason alone.
            log.warning("refused record=%s reason=%s", coordinate, refusal.reason)
            self.metrics.refused.labels(refusal.reason).inc()
        outcomes = self._judge.decide(arrivals)
        self._commit(outcomes, records)
        self._count(outcomes, len(arrivals))

    def _count(self, outcomes: Sequence[Outcome], asked: int) -> None:
        """What is committed; an aborted batch counts when it is decided again."""
        metrics = self.metrics
        metrics.repeated.inc(asked - len(outcomes))
        for outcome in outcomes:
            if decision := outcome.fresh:
                metrics.decisions.labels(decision.verdict, outcome.payment.tipo_pagamento).inc()
                metrics.latency.observe(outcome.seconds)
                for reason in decision.reasons:
                    metrics.reasons.labels(reason.code).inc()
                for cause in decision.degraded:
                    metrics.degraded.labels(cause).inc()

    def _commit(self, outcomes: Sequence[Outcome], records: Sequence[Message]) -> None:
        ends = {record.partition(): (record.offset() or 0) + 1 for record in records}
        self._producer.begin_transaction()
        for outcome in outcomes:
            key = outcome.payment.id_pagador
            self._producer.produce(DECISIONS, outcome.decision, key)
            if outcome.alert:
                self._producer.produce(ALERTS, outcome.alert, key)
        offsets = [TopicPartition(TOPIC, partition or 0, end) for partition, end in ends.items()]
        self._producer.send_offsets_to_transaction(offsets, self._consumer.consumer_group_metadata(), _PATIENCE_S)
        self._producer.commit_transaction(_PATIENCE_S)


def _consumer(config: Settings, metrics: Metrics) -> Consumer:
    def joined(_: Consumer, partitions: list[TopicPartition]) -> None:
        metrics.ready = bool(partitions)

    consumer = Consumer(
        {
            "bootstrap.servers": config.kafka_bootstrap,
            "group.id": WORKERS,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "session.timeout.ms": _SESSION_MS,
            "fetch.wait.max.ms": 100,
        }
    )
    consumer.subscribe([TOPIC], on_assign=joined)
    return consumer


def _producer(config: Settings) -> Producer:
    producer = Producer(
        {
            "bootstrap.servers": config.kafka_bootstrap,
            "transactional.id": f"{WORKERS}-{uuid4().hex}",
            "transaction.timeout.ms": _TRANSACTION_MS,
            "linger.ms": 0,
        }
    )
    producer.init_transactions(_PATIENCE_S)
    _rehearse(producer)
    return producer


def _rehearse(producer: Producer) -> None:
    """A transaction that comes to nothing: the first one takes most of a second, and no payment shall wait for that.

    Nobody reads what was not committed.
    """
    producer.begin_transaction()
    for topic in (DECISIONS, ALERTS):
        producer.produce(topic, b"", "ensaio")
    producer.flush(_PATIENCE_S)
    producer.abort_transaction(_PATIENCE_S)


def main() -> None:
    """The worker's process."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    config = settings()
    try:
        worker = Worker(config, stop)
        serve(worker.metrics, config.risk_metrics_port)
        worker.metrics.beat()
        watch(lambda: worker.metrics.alive or stop.is_set())
        worker.run()
    except KafkaException as problem:
        log.critical("ended by the broker: %s", problem)
        raise SystemExit(1) from problem


if __name__ == "__main__":
    main()
