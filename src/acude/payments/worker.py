"""`python -m acude.payments.worker`: decides the payments of a topic, as one consumer of a group.

It reads `transacoes`, or with `--way pix` `transacoes_pix`, where the settings give that way of paying its own topic.

A batch is one Kafka transaction: its decisions, its alerts and the group's offsets are committed together. So readers
of committed records see each decision once, wherever a worker dies. To scale out, start another worker: the group
divides the partitions among its workers, and each partition keeps the order of its payers.
"""

import argparse
import logging
import socket
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

from confluent_kafka import Message

from acude import logs
from acude.contracts.documents import tokens_of
from acude.contracts.model import topic_of_its_own
from acude.kafka.brokers import PROMPT_MS
from acude.kafka.consumer import Batch, GroupConsumer, Runner
from acude.kafka.producer import require_topic
from acude.kafka.records import Coordinate, encoded, headers_of
from acude.kafka.service import run_service
from acude.kafka.transaction import Headers, Outgoing, Transactional
from acude.payments import deadletters
from acude.payments import metrics as stages
from acude.payments.audit_buffer import AuditBuffer
from acude.payments.blacklist import Blacklist
from acude.payments.deadletters import UNDECIDED, Letter
from acude.payments.decision_engine import DecisionEngine
from acude.payments.decision_result import DecisionResult
from acude.payments.disputes import follow_disputes
from acude.payments.list_cache import ListCache
from acude.payments.metrics import Metrics
from acude.payments.reservations import Contents, Reservations
from acude.payments.routes import group_of, ways_of_paying
from acude.payments.rules_metrics import RulesMetrics
from acude.payments.rules_reload import ReloadingRules, audited
from acude.payments.serde import ALERTS, DECISIONS, TOPIC, TRACE_HEADER, Arrival, NotAPayment, PaymentReader, trace_of
from acude.payments.shadow import Shadow
from acude.payments.velocity_store import connect_velocity_store
from acude.risk.decision import Decision, Verdict
from acude.settings import Settings, settings

log = logging.getLogger(__name__)

_SESSION_MS: Final = 6_000
_ENDING_S: Final = 3.0
_ATTEMPTS: Final = 3
"""A payment without a decision was tried with its batch, alone, and without its rules."""

WRITES: Final = (DECISIONS, ALERTS, deadletters.TOPIC)

Effect = DecisionResult | Letter | NotAPayment


class Worker(Transactional[Effect]):
    """Decides payments; decisions, alerts and dead letters leave in the transaction that commits the offsets.

    librdkafka runs the transaction, in less time than kafka-python (docs/decisions/payments-worker.md).

    Args:
        config: the process's settings.
        stop: ends the threads beside the consumer.
        group: the workers' consumer group.
    """

    wait_s = 0.2
    hangs_after_s = 10.0

    def __init__(self, config: Settings, stop: threading.Event, group: str) -> None:
        self.batch_size = config.risk_batch
        self.health = self.metrics = Metrics()
        self._reader = PaymentReader(tokens=tokens_of(config), content_of=Contents(config).of)
        self._reservations = Reservations(config, "acude-reservas")
        self._blacklist = Blacklist(config)
        self._audit, self._lists = AuditBuffer(config), ListCache(config)
        self.metrics.watch_lists(self._lists, self._audit)
        shown, note = RulesMetrics(self.metrics.registry), audited(self._audit)

        def changed(current: ReloadingRules) -> None:
            shown.show(current)
            # The old version decides as well as before, so the worker stays ready and reports what it could not load.
            self.metrics.notice = "\n".join(f"not taken: {one}" for one in current.refused)
            note(current)

        rules = ReloadingRules(config, changed)
        store = connect_velocity_store(config)
        self.engine = DecisionEngine(
            store,
            self._reservations,
            self._blacklist,
            rules,
            config.risk_budget,
            lists=self._lists,
            metrics=self.metrics,
        )
        self.metrics.watch([self.engine.breaker, self._blacklist.breaker])
        self._stop, self._disputes = stop, follow_disputes(config, store, stop, self.metrics)
        self.metrics.need(
            rules.follow(stop),
            self._lists.thread,
            self._audit.thread,
            self._reservations.thread,
            self._blacklist.thread,
        )
        self._shadow = Shadow(config, rules, self.metrics, shown)
        self._shadow.start()
        super().__init__(config, identity_of(config, group), WRITES)

    def handle(self, records: Sequence[Message]) -> list[Effect]:
        """Decides the payments among the records."""
        arrivals, refused = self._reader.read(records)
        return [*refused, *self.engine.decide(arrivals)]

    def give_up(self, record: Message, problem: Exception) -> list[Effect]:
        """Has a person review the payment. Where even that fails, the record is a dead letter."""
        del problem  # the runner has logged it
        arrivals: list[Arrival] = []
        try:
            arrivals, refused = self._reader.read([record])
            return [*refused, *(result for one in arrivals for result in self.engine.give_up(one))]
        except MemoryError:
            raise
        except Exception as last:
            self.engine.give_back(arrivals)
            at, trace = Coordinate.of(record), trace_of(record)
            log.exception("no decision", extra={logs.TRACE: trace, "record": str(at)})
            original = encoded(record.key()), encoded(record.value()), headers_of(record)
            return [Letter(at, UNDECIDED, type(last).__name__, _ATTEMPTS, trace, datetime.now(UTC), *original)]

    def outgoing(self, effects: Sequence[Effect]) -> Iterator[Outgoing]:
        """Decisions, alerts and dead letters as records."""
        for effect in effects:
            if isinstance(effect, DecisionResult):
                key = effect.payment.id_pagador
                headers: Headers = [(TRACE_HEADER, effect.trace)]
                yield Outgoing(DECISIONS, effect.record, key, headers)
                if effect.alert:
                    yield Outgoing(ALERTS, effect.alert, key, headers)
            elif isinstance(effect, Letter):
                yield Outgoing(deadletters.TOPIC, effect.payload(), effect.key, effect.with_original())

    def finish(self, effects: Sequence[Effect], batch: Batch) -> None:
        """Commits the batch, counts what is committed, and hands it to the shadow."""
        with self.metrics.stage.labels(stages.COMMIT).time():
            super().finish(effects, batch)
        results = [effect for effect in effects if isinstance(effect, DecisionResult)]
        self._count(effects, results, len(batch.records))
        self._shadow.offer(results, behind=len(batch.records) >= self.batch_size)

    def _count(self, effects: Sequence[Effect], results: Sequence[DecisionResult], records: int) -> None:
        metrics = self.metrics
        metrics.repeated.inc(records - len(effects))
        for effect in effects:
            if isinstance(effect, NotAPayment):
                # The lake keeps its bytes in quarantine; the detail may quote them, so the log has the reason alone.
                log.warning("refused", extra={"record": str(effect.coordinate), "reason": effect.refusal.reason})
                metrics.refused.labels(effect.refusal.reason).inc()
            elif isinstance(effect, Letter):
                metrics.lost.inc()
        for result in results:
            # One that is sent again, too: the worker that made it did not commit it, and counted nothing.
            metrics.latency.observe(result.seconds)
            said = result.said()
            metrics.decisions.labels(said.decisao, result.payment.tipo_pagamento).inc()
            for code in said.motivos:
                metrics.reasons.labels(code).inc()
            for cause in said.causas:
                metrics.degraded.labels(cause).inc()
            if result.decision:
                _log(result, result.decision)

    def idle(self) -> None:
        """Writes to the velocity store what it could not take before."""
        super().idle()
        self.engine.catch_up()

    def close(self) -> None:
        """Releases connections and threads."""
        self.metrics.release()
        if self._stop.is_set():
            # It leaves its group, too, so the other workers need not wait for its session to time out.
            self._disputes.join(_ENDING_S)
        for one in (self._blacklist, self._lists, self._audit, self._shadow, self._reservations):
            one.close()


def identity_of(config: Settings, group: str) -> str:
    """A worker's name at the broker: on a machine its port is its own, and that of the process that replaces it."""
    return f"{group}-{socket.gethostname()}-{config.risk_metrics_port}"


def _log(result: DecisionResult, decision: Decision) -> None:
    """One line per decision that somebody may ask about. Most decisions are approvals; these are lines at DEBUG."""
    level = logging.DEBUG if decision.verdict is Verdict.APPROVE and not decision.degraded else logging.INFO
    if log.isEnabledFor(level):
        about = {
            logs.TRACE: result.trace,
            "payment": result.payment.id_transacao,
            "verdict": str(decision.verdict),
            "reasons": [reason.code for reason in decision.reasons],
            "degraded": list(decision.degraded),
            "seconds": result.seconds,
        }
        log.log(level, "decided", extra=about)


def worker(config: Settings, stop: threading.Event, way: str | None = None) -> Runner[Effect]:
    """A worker of a topic's group; `way` names a way of paying that has a topic of its own."""
    topic, group = topic_of_its_own(TOPIC, way) if way else TOPIC, group_of(way)
    require_topic(config, topic)
    strategy = Worker(config, stop, group)
    consumer = GroupConsumer(config, group, topic, session_timeout_ms=_SESSION_MS, gather_ms=PROMPT_MS)
    return Runner(consumer, strategy, stop)


def main() -> None:
    """The worker's process."""
    parser = argparse.ArgumentParser(prog="python -m acude.payments.worker", description="Decides payments.")
    parser.add_argument("--way", choices=ways_of_paying(), help="reads that way of paying's own topic, in its group")
    way: str | None = parser.parse_args().way
    config = settings()
    run_service("risk-worker", config, config.risk_metrics_port, partial(worker, way=way))


if __name__ == "__main__":
    main()
