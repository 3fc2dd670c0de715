"""The shadow: a candidate decides the same payments after the commit, and drift is counted.

It runs in a thread of its own, for which nothing waits. What it can't do in time is skipped and counted, so a candidate
that fails, hangs or is slow costs no payment anything.
"""

import logging
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from queue import Empty, Queue
from typing import Any, Final

import orjson
from confluent_kafka import KafkaError, Message, Producer

from acude.kafka import brokers
from acude.payments.decision_result import DecisionResult
from acude.payments.metrics import Metrics
from acude.payments.rules_metrics import DriftCollector, RulesMetrics
from acude.payments.rules_reload import ReloadingRules
from acude.risk import drift, inputs
from acude.risk.decision import Decision
from acude.risk.drift import RecentCounts
from acude.risk.first_decision import CLIENT
from acude.risk.rules import Rules
from acude.settings import Settings

log = logging.getLogger(__name__)

COMPARISONS: Final = "comparacoes_sombra"

_MOST_WAITING: Final = 16
_WAIT_S: Final = 0.5
_REST: Final = 2.0
"""It rests this many times as long as a batch took: it may use a third of a core, and leaves Python's interpreter lock
to the worker."""
_EVERY: Final = 4
"""One payment in four is counted for drift: the model's inputs cost a third of a decision."""


class Shadow:
    """Compares and counts.

    Args:
        config: where the broker is.
        current: the rules, the candidate and the reference in force.
        metrics: the worker's.
        shown: counts the comparisons.
    """

    def __init__(self, config: Settings, current: ReloadingRules, metrics: Metrics, shown: RulesMetrics) -> None:
        self._current = current
        self._shown = shown
        self._waiting: Queue[Sequence[DecisionResult]] = Queue(_MOST_WAITING)
        self._producer = Producer({**brokers.librdkafka(config), "acks": 1, "linger.ms": 100}, logger=log)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
        self._window: RecentCounts | None = None
        self._seen = 0
        metrics.registry.register(DriftCollector(lambda: self._window))

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def close(self) -> None:
        """Ends the thread; what waits is dropped."""
        self._stop.set()
        self._producer.flush(1)

    def offer(self, results: Sequence[DecisionResult], *, behind: bool) -> None:
        """Hands over a committed batch; never waits.

        Args:
            results: the batch.
            behind: the worker has more to decide than it takes at once; then all CPU is for the worker.
        """
        fresh = [one for one in results if one.decision]
        if not fresh or not (self._current.shadow or self._current.reference):
            return
        # Only the worker adds to the queue, so a queue that is not full now is not full in the next line.
        if behind or self._waiting.full():
            self._shown.skipped.inc(len(fresh))
        else:
            self._waiting.put_nowait(fresh)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                results = self._waiting.get(timeout=_WAIT_S)
            except Empty:
                self._producer.poll(0)
                continue
            began = time.thread_time()
            try:
                self._process(results)
            except Exception as problem:
                log.exception("shadow: %s", type(problem).__name__)
            self._stop.wait(_REST * (time.thread_time() - began))

    def _process(self, results: Sequence[DecisionResult]) -> None:
        shadow = self._current.shadow
        for result in results:
            if shadow:
                self._compare(result, shadow)
            self._count(result)
        self._producer.poll(0)

    def _compare(self, result: DecisionResult, shadow: Rules) -> None:
        live = result.decision
        if live is None or result.context is None:
            return
        try:
            decision = result.context.decide(shadow)
        except Exception as problem:  # noqa: BLE001 - a candidate may fail in any way
            self._shown.failed.inc()
            log.warning("the candidate %s failed: %s", shadow.policy.versao, type(problem).__name__)
            return
        self._shown.compared.labels(live.verdict, decision.verdict).inc()
        try:
            payload = comparison_payload(result, live, decision, shadow)
            self._producer.produce(COMPARISONS, payload, result.payment.id_transacao, on_delivery=self._delivered)
        except BufferError:
            self._shown.unsent.inc()

    def _delivered(self, problem: KafkaError | None, _: Message) -> None:
        if problem:
            self._shown.unsent.inc()

    def _count(self, result: DecisionResult) -> None:
        reference = self._current.reference
        if reference is None:
            self._window = None
            return
        if self._window is None or self._window.reference is not reference:
            self._window = RecentCounts(reference)
        self._seen += 1
        if self._seen % _EVERY or result.context is None or result.decision is None:
            return
        vector = inputs.vector(result.context.past)
        self._window.add(drift.observed(inputs.NAMES, vector, result.decision), time.monotonic())


def comparison_payload(result: DecisionResult, live: Decision, shadow: Decision, rules: Rules) -> bytes:
    """The record of `comparacoes_sombra`."""
    payment = result.payment
    fields: dict[str, Any] = {
        "id_transacao": payment.id_transacao,
        **({CLIENT: payment.id_cliente} if payment.id_cliente else {}),
        "timestamp": datetime.now(UTC),
        "transacao_em": payment.timestamp,
        "tipo_pagamento": payment.tipo_pagamento,
        "valor": float(payment.valor),
        "moeda": payment.moeda,
        "sha256_sombra": rules.sha256,
    }
    for end, decision in (("", live), ("_sombra", shadow)):
        fields |= {
            f"decisao{end}": str(decision.verdict),
            f"pontuacao{end}": round(decision.score * 1000),
            f"motivos{end}": [reason.code for reason in decision.reasons],
            f"versao_regras{end}": decision.rules_version,
            f"versao_modelo{end}": decision.model_version,
        }
    return orjson.dumps(fields, option=orjson.OPT_UTC_Z)
