"""Decides batches of payments: asks the memory once, decides one after another, tells the memory once."""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Final

from pybreaker import CircuitBreaker, CircuitBreakerError

from acude.logs import TRACE
from acude.payments import metrics as stages
from acude.payments.blacklist import Blacklist
from acude.payments.memory import Memory, MemoryLostError, Recalled
from acude.payments.metrics import Metrics
from acude.payments.wire import Arrival, Coordinate, alert_payload, decision_payload
from acude.risk.decision import Decision, Reason, decide, undecided
from acude.risk.model import Model
from acude.risk.payment import Payment
from acude.risk.policy import Policy
from acude.risk.velocity import Past

log = logging.getLogger(__name__)

LATE: Final = "prazo"
FORGETFUL: Final = "memoria"
UNLISTED: Final = "lista_externa"
DEFECT: Final = "defeito"
"""Causes of a degraded decision: the budget was over before it began; memory or external list did not answer; a rule or
the model failed."""

ON_THE_LIST: Final = "DOCUMENTO_NA_LISTA_EXTERNA"
"""Reason code."""

_RESERVE_S: Final = 0.5
"""Of the budget, for everything but the external list."""

_MOST_UNWRITTEN: Final = 100_000
_WRITTEN_AT_ONCE: Final = 200
"""More than a batch, so that a backlog shrinks."""


@dataclass(frozen=True)
class Outcome:
    """What leaves a worker for one payment.

    Attributes:
        payment: what was asked.
        decision: the record of `decisoes_risco`.
        alert: the record of `alertas`; None for an approved payment.
        fresh: the decision; None where a stored one goes out again.
        seconds: from the broker's taking the payment to the decision.
        trace: the payment's trace id.
    """

    payment: Payment
    decision: bytes
    alert: bytes | None
    fresh: Decision | None = None
    seconds: float = 0
    trace: str = ""


class Judge:
    """Decides payments.

    Args:
        memory: the workers' memory.
        blacklist: the external list of documents.
        policy: gives the policy that holds at the moment.
        budget: time from the broker's taking a payment to its decision.
        model: asked where the policy gives it a weight and the memory answered; None: there is none.
        metrics: shows the stages' times and where the list's answers came from.
        now_ms: the clock, milliseconds since 1970.
    """

    def __init__(
        self,
        memory: Memory,
        blacklist: Blacklist,
        policy: Callable[[], Policy],
        budget: timedelta,
        *,
        model: Model | None = None,
        metrics: Metrics | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._memory = memory
        self._blacklist = blacklist
        self._policy = policy
        self._model = model
        self._metrics = metrics or Metrics()
        for cause in (LATE, FORGETFUL, UNLISTED, DEFECT):
            # From the start: Prometheus sees no increase where a series begins with its first event.
            self._metrics.degraded.labels(cause)
        self._budget_ms = int(budget.total_seconds() * 1000)
        self._now_ms = now_ms
        self.breaker = CircuitBreaker(fail_max=1, reset_timeout=1, exclude=[], name="memoria")
        self._unwritten: deque[tuple[Payment, bytes]] = deque(maxlen=_MOST_UNWRITTEN)

    def decide(self, arrivals: Sequence[Arrival]) -> list[Outcome]:
        """One outcome for each payment that has none yet.

        A payment that another record has brought before gets none; one that this very record brought before, to a
        worker that died on the way, gets the same again.
        """
        stage = self._metrics.stage
        with stage.labels(stages.RECALL).time():
            recalled = self._recall([arrival.payment for arrival in arrivals])
        with stage.labels(stages.LOOK_UP).time():
            listings = self._look_up(arrivals, recalled)
        with stage.labels(stages.JUDGE).time():
            outcomes, fresh = self._decide_all(arrivals, recalled)
        self._remember(fresh, listings)
        return outcomes

    def give_up(self, arrival: Arrival) -> Outcome:
        """What is answered where `decide` fails on a payment alone: a person looks at it. The memory is not told."""
        return self._outcome(arrival, undecided(self._policy(), [DEFECT]))

    def _decide_all(
        self, arrivals: Sequence[Arrival], recalled: Recalled
    ) -> tuple[list[Outcome], list[tuple[Payment, bytes]]]:
        policy = self._policy()
        outcomes: list[Outcome] = []
        fresh: list[tuple[Payment, bytes]] = []
        for arrival in arrivals:
            stored = recalled.decided.get(arrival.payment.id_transacao)
            if stored is None:
                outcome = self._decide(arrival, recalled, policy)
                kept = _kept(arrival.coordinate, outcome)
                recalled.decided[arrival.payment.id_transacao] = kept
                recalled.add(arrival.payment)
                fresh.append((arrival.payment, kept))
                outcomes.append(outcome)
            elif (again := _of_the_same(arrival, stored)) is not None:
                outcomes.append(again)
        return outcomes, fresh

    def _look_up(self, arrivals: Sequence[Arrival], recalled: Recalled) -> dict[str, bool]:
        """Asks the external list about documents of which nothing is known, and adds its answers to what is."""
        fresh = [one for one in arrivals if one.payment.id_transacao not in recalled.decided]
        wanted = {one.payment.documento_pagador for one in fresh}
        unknown = wanted - set(recalled.listings)
        counted = self._metrics.listings
        counted.labels(stages.REMEMBERED).inc(len(wanted) - len(unknown))
        if not unknown:
            return {}
        oldest = min(one.taken_ms for one in fresh)
        left_s = (oldest + self._budget_ms - self._now_ms()) / 1000 - _RESERVE_S
        found = self._blacklist.ask(unknown, left_s)
        counted.labels(stages.ASKED).inc(len(found))
        counted.labels(stages.UNANSWERED).inc(len(unknown) - len(found))
        recalled.listings.update(found)
        return found

    def _decide(self, arrival: Arrival, recalled: Recalled, policy: Policy) -> Outcome:
        payment = arrival.payment
        frauds = recalled.frauds.get(payment.id_terminal or "")
        known = {} if frauds is None else {"frauds": frauds}
        past = Past(payment, recalled.of(payment), complete=recalled.complete, **known)
        degraded = [] if recalled.complete else [FORGETFUL]
        on_the_list = recalled.listings.get(payment.documento_pagador)
        if on_the_list is None:
            degraded.append(UNLISTED)
        listed = [Reason(ON_THE_LIST, policy.lista_externa)] if on_the_list else []
        if self._now_ms() - arrival.taken_ms > self._budget_ms:
            degraded.append(LATE)
        try:
            opinion = self._model.opinion(past) if self._model and policy.modelo and past.complete else None
            decision = decide(past, policy, opinion, listed, degraded)
        except Exception:
            # One payment's defect must not keep the others waiting; a person looks at this one.
            log.exception("defect", extra={TRACE: arrival.trace, "record": str(arrival.coordinate)})
            decision = undecided(policy, [*degraded, DEFECT])
        return self._outcome(arrival, decision)

    def _outcome(self, arrival: Arrival, decision: Decision) -> Outcome:
        now = self._now_ms()
        payloads = decision_payload(arrival, decision, now), alert_payload(arrival, decision, now)
        seconds = max(0, now - arrival.taken_ms) / 1000
        return Outcome(arrival.payment, *payloads, decision, seconds, arrival.trace)

    def _recall(self, payments: Sequence[Payment]) -> Recalled:
        try:
            found: Recalled = self.breaker.call(self._memory.recall, payments)
        except (MemoryLostError, CircuitBreakerError):
            return Recalled(complete=False)
        return found

    def _remember(self, fresh: list[tuple[Payment, bytes]], listings: Mapping[str, bool]) -> None:
        """What can't be kept now is kept with later batches, some at a time: a backlog must not cost the newest."""
        self._unwritten.extend(fresh)
        some = list(islice(self._unwritten, _WRITTEN_AT_ONCE))
        if not some and not listings:
            return
        try:
            self.breaker.call(self._memory.remember, some, listings)
        except (MemoryLostError, CircuitBreakerError):
            return
        for _ in some:
            self._unwritten.popleft()


def _kept(coordinate: Coordinate, outcome: Outcome) -> bytes:
    return b"\n".join([str(coordinate).encode(), outcome.decision, outcome.alert or b""])


def _of_the_same(arrival: Arrival, stored: bytes) -> Outcome | None:
    """The stored outcome where this very record brought it."""
    coordinate, decision, alert = stored.split(b"\n")
    if coordinate.decode() != str(arrival.coordinate):
        return None
    return Outcome(arrival.payment, decision, alert or None, trace=arrival.trace)
