"""`python -m acude.payments.worker`: decides the payments of a topic, one member of a consumer group.

Of `transacoes`, or with `--way pix` of `transacoes_pix`, where the settings give that way of paying a topic of its own.

A batch is one Kafka transaction: its decisions, its alerts and the group's offsets are committed together, so whoever
reads committed records sees each decision once, wherever a worker dies. Starting one more worker is scaling out: the
partitions are shared anew, and each keeps its payers' order.
"""

import argparse
import logging
import signal
import threading
from collections.abc import Sequence
from typing import Final
from uuid import uuid4

from confluent_kafka import KafkaException, Message, Producer, TopicPartition

from acude import logs
from acude.contracts.model import topic_of_its_own
from acude.kafka import brokers
from acude.kafka.producer import require_topic
from acude.payments import deadletters, isolation
from acude.payments import metrics as stages
from acude.payments.blacklist import Blacklist
from acude.payments.change_metrics import ChangeMetrics
from acude.payments.current_lists import CurrentLists
from acude.payments.findings import Findings
from acude.payments.judge import Judge, Outcome
from acude.payments.member import Member
from acude.payments.memory import connect_memory
from acude.payments.metrics import Metrics
from acude.payments.notes import Notes
from acude.payments.observer import Observer
from acude.payments.policies import CurrentRules, noted
from acude.payments.routes import group_of, ways_of_paying
from acude.payments.vitals import serve
from acude.payments.watchdog import watch
from acude.payments.wire import ALERTS, DECISIONS, TOPIC, TRACE_HEADER, Reader
from acude.risk.decision import Decision, Verdict
from acude.settings import Settings, settings

log = logging.getLogger(__name__)
_RDKAFKA: Final = logging.getLogger("rdkafka")

_TRANSACTION_MS: Final = 5_000
_SESSION_MS: Final = 6_000
_LOOK_S: Final = 0.2
_PATIENCE_S: Final = 30


class Worker:
    """Reads, decides, writes, until told to stop.

    librdkafka, for a batch's transaction: kafka-python takes 14 ms of each batch for it, librdkafka 8, with a quarter
    less CPU in all (docs/decisions/payments-worker.md).
    """

    def __init__(self, config: Settings, stop: threading.Event, way: str | None = None) -> None:
        topic = topic_of_its_own(TOPIC, way) if way else TOPIC
        require_topic(config, topic)
        self._group = group_of(way)
        self._stop = stop
        self._batch = config.risk_batch
        self._reader = Reader()
        self._blacklist = Blacklist(config)
        self.metrics = Metrics()
        self._notes, self._lists = Notes(config), CurrentLists(config)
        self.metrics.watch_lists(self._lists, self._notes)
        shown, note = ChangeMetrics(self.metrics.registry), noted(self._notes)

        def changed(current: CurrentRules) -> None:
            _tell(current, self.metrics, shown)
            note(current)

        rules = CurrentRules(config, changed)
        memory = connect_memory(config)
        self._judge = Judge(memory, self._blacklist, rules, config.risk_budget, lists=self._lists, metrics=self.metrics)
        Findings(config, memory, stop).follow()
        rules.follow(stop)
        self._observer = Observer(config, rules, self.metrics, shown)
        self.metrics.watch([self._judge.breaker, self._blacklist.breaker])
        self._member = Member(config, self._group, topic, session_timeout_ms=_SESSION_MS, fetch_wait_max_ms=100)
        self._producer = _producer(config, self._group)

    def run(self) -> None:
        """Decide until `stop` is set.

        Raises:
            KafkaException: the broker no longer lets this worker write; the keeper starts another one.
        """
        self._observer.start()
        try:
            while not self._stop.is_set():
                self.metrics.beat()
                self.metrics.show(self._member)
                if records := self._member.take(self._batch, _LOOK_S):
                    with self.metrics.batch.time():
                        self._step(records)
                else:
                    self._judge.catch_up()
        finally:
            self._member.close()
            self._blacklist.close()
            self._lists.close()
            self._notes.close()
            self._observer.close()

    def _step(self, records: Sequence[Message]) -> None:
        arrivals, refused = self._reader.read(records)
        for coordinate, refusal in refused:
            # The lake keeps its bytes in quarantine; the detail may quote them, so the log has the reason alone.
            log.warning("refused", extra={"record": str(coordinate), "reason": refusal.reason})
            self.metrics.refused.labels(refusal.reason).inc()
        outcomes, lost = isolation.decided(self._judge, arrivals)
        with self.metrics.stage.labels(stages.COMMIT).time():
            self._commit(outcomes, isolation.letters(lost, arrivals, records), records)
        self._count(outcomes, len(arrivals), len(lost))
        self._observer.offer(outcomes, behind=len(records) >= self._batch)

    def _count(self, outcomes: Sequence[Outcome], asked: int, lost: int) -> None:
        """What is committed; an aborted batch counts when it is decided again."""
        metrics = self.metrics
        metrics.lost.inc(lost)
        metrics.repeated.inc(asked - lost - len(outcomes))
        for outcome in outcomes:
            if decision := outcome.fresh:
                _log(outcome, decision)
                metrics.decisions.labels(decision.verdict, outcome.payment.tipo_pagamento).inc()
                metrics.latency.observe(outcome.seconds)
                for reason in decision.reasons:
                    metrics.reasons.labels(reason.code).inc()
                for cause in decision.degraded:
                    metrics.degraded.labels(cause).inc()

    def _commit(
        self, outcomes: Sequence[Outcome], letters: Sequence[deadletters.Letter], records: Sequence[Message]
    ) -> None:
        ends = {(record.topic() or "", record.partition() or 0): (record.offset() or 0) + 1 for record in records}
        self._producer.begin_transaction()
        for outcome in outcomes:
            key = outcome.payment.id_pagador
            self._producer.produce(DECISIONS, outcome.decision, key, headers={TRACE_HEADER: outcome.trace})
            if outcome.alert:
                self._producer.produce(ALERTS, outcome.alert, key, headers={TRACE_HEADER: outcome.trace})
        for letter in letters:
            self._producer.produce(deadletters.TOPIC, letter.payload(), letter.key, headers=letter.with_original())
        offsets = [TopicPartition(*place, end) for place, end in ends.items()]
        self._producer.send_offsets_to_transaction(offsets, self._member.metadata(), _PATIENCE_S)
        self._producer.commit_transaction(_PATIENCE_S)


def _log(outcome: Outcome, decision: Decision) -> None:
    """One line a decision that somebody may ask about; approvals are lines at DEBUG only, for they are most."""
    level = logging.DEBUG if decision.verdict is Verdict.APPROVE and not decision.degraded else logging.INFO
    if log.isEnabledFor(level):
        about = {
            logs.TRACE: outcome.trace,
            "payment": outcome.payment.id_transacao,
            "verdict": str(decision.verdict),
            "reasons": [reason.code for reason in decision.reasons],
            "degraded": list(decision.degraded),
            "seconds": outcome.seconds,
        }
        log.log(level, "decided", extra=about)


def _tell(current: CurrentRules, metrics: Metrics, shown: ChangeMetrics) -> None:
    """An old version decides as well as before, so the worker stays ready, and says what it could not take."""
    shown.show(current)
    metrics.notice = "\n".join(f"not taken: {one}" for one in current.refused)


def _producer(config: Settings, group: str) -> Producer:
    producer = Producer(
        {
            **brokers.librdkafka(config),
            "transactional.id": f"{group}-{uuid4().hex}",
            "transaction.timeout.ms": _TRANSACTION_MS,
            "linger.ms": 0,
        },
        logger=_RDKAFKA,
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
    parser = argparse.ArgumentParser(prog="python -m acude.payments.worker", description="Decides payments.")
    parser.add_argument("--way", choices=ways_of_paying(), help="reads that way of paying's own topic, in its group")
    way: str | None = parser.parse_args().way
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    config = settings()
    logs.configure("risk-worker", config.log_level)
    try:
        worker = Worker(config, stop, way)
        serve(worker.metrics, config.risk_metrics_port)
        worker.metrics.beat()
        watch(lambda: worker.metrics.alive or stop.is_set())
        worker.run()
    except KafkaException as problem:
        log.critical("ended by the broker", extra={"answer": str(problem)})
        raise SystemExit(1) from problem


if __name__ == "__main__":
    main()
