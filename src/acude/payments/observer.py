"""Watches decisions after they are committed: has the candidate decide the same payments, and counts drift.

A thread of its own that nobody waits for. What it can't do in time is left out and counted, so that a candidate which
fails, hangs or is slow costs no payment anything.
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
from acude.payments.change_metrics import ChangeMetrics, DriftCollector
from acude.payments.judge import Outcome
from acude.payments.metrics import Metrics
from acude.payments.policies import CurrentRules
from acude.risk import drift, inputs
from acude.risk.decision import Decision
from acude.risk.drift import Window
from acude.risk.rules import Rules
from acude.settings import Settings

log = logging.getLogger(__name__)

COMPARISONS: Final = "comparacoes_sombra"

_MOST_WAITING: Final = 16
_LOOK_S: Final = 0.5
_REST: Final = 2.0
"""After a batch it rests for so many times as long as that took: it has a third of a core, and the lock that Python's
threads share is free for the worker."""
_EVERY: Final = 4
"""One payment of so many is counted for drift: the model's inputs cost as much as a third of a decision."""


class Observer:
    """Compares and counts, until told to stop.

    Args:
        config: where the broker is.
        current: the rules, the candidate and the reference of the moment.
        metrics: the worker's.
    """

    def __init__(self, config: Settings, current: CurrentRules, metrics: Metrics, shown: ChangeMetrics) -> None:
        self._current = current
        self._shown = shown
        self._waiting: Queue[Sequence[Outcome]] = Queue(_MOST_WAITING)
        self._producer = Producer({**brokers.librdkafka(config), "acks": 1, "linger.ms": 100}, logger=log)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="observer", daemon=True)
        self._window: Window | None = None
        self._seen = 0
        metrics.registry.register(DriftCollector(lambda: self._window))

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def close(self) -> None:
        """Ends soon; what waits is dropped."""
        self._stop.set()
        self._producer.flush(1)

    def offer(self, outcomes: Sequence[Outcome], *, behind: bool) -> None:
        """Hands over a committed batch, and never waits.

        Args:
            outcomes: the batch.
            behind: True where the worker has more to decide than it can take at once; then all CPU is its own.
        """
        fresh = [one for one in outcomes if one.fresh]
        if not fresh or not (self._current.shadow or self._current.reference):
            return
        # The worker alone puts something in: what is not full now will not be so in a moment.
        if behind or self._waiting.full():
            self._shown.skipped.inc(len(fresh))
        else:
            self._waiting.put_nowait(fresh)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                outcomes = self._waiting.get(timeout=_LOOK_S)
            except Empty:
                self._producer.poll(0)
                continue
            began = time.thread_time()
            try:
                self._look_at(outcomes)
            except Exception as problem:
                log.exception("observer: %s", type(problem).__name__)
            self._stop.wait(_REST * (time.thread_time() - began))

    def _look_at(self, outcomes: Sequence[Outcome]) -> None:
        shadow = self._current.shadow
        for outcome in outcomes:
            if shadow:
                self._compare(outcome, shadow)
            self._count(outcome)
        self._producer.poll(0)

    def _compare(self, outcome: Outcome, shadow: Rules) -> None:
        live = outcome.fresh
        if live is None or outcome.case is None:
            return
        try:
            decision = outcome.case.decide(shadow)
        except Exception as problem:  # noqa: BLE001 - it is a candidate: it may fail in any way
            self._shown.failed.inc()
            log.warning("the candidate %s failed: %s", shadow.policy.versao, type(problem).__name__)
            return
        self._shown.compared.labels(live.verdict, decision.verdict).inc()
        try:
            payload = comparison_payload(outcome, live, decision, shadow)
            self._producer.produce(COMPARISONS, payload, outcome.payment.id_transacao, on_delivery=self._delivered)
        except BufferError:
            self._shown.unsent.inc()

    def _delivered(self, problem: KafkaError | None, _: Message) -> None:
        if problem:
            self._shown.unsent.inc()

    def _count(self, outcome: Outcome) -> None:
        reference = self._current.reference
        if reference is None:
            self._window = None
            return
        if self._window is None or self._window.reference is not reference:
            self._window = Window(reference)
        self._seen += 1
        if self._seen % _EVERY or outcome.case is None or outcome.fresh is None:
            return
        vector = inputs.vector(outcome.case.past)
        self._window.add(drift.observed(inputs.NAMES, vector, outcome.fresh), time.monotonic())


def comparison_payload(outcome: Outcome, live: Decision, shadow: Decision, rules: Rules) -> bytes:
    """The record of `comparacoes_sombra`."""
    payment = outcome.payment
    fields: dict[str, Any] = {
        "id_transacao": payment.id_transacao,
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
