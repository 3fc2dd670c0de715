"""Decides batches of payments: asks the memory once, decides one after another, tells the memory once."""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from pybreaker import CircuitBreaker, CircuitBreakerError

from acude.logs import TRACE
from acude.payments import metrics as stages
from acude.payments.blacklist import Blacklist
from acude.payments.current_lists import NO_LISTS, Known
from acude.payments.memory import Memory, MemoryLostError, Recalled
from acude.payments.metrics import Metrics
from acude.payments.wire import Arrival, Coordinate, alert_payload, decision_payload
from acude.risk.decision import Decision, Reason, decide, undecided
from acude.risk.payment import Payment
from acude.risk.policy import Policy
from acude.risk.rules import Rules
from acude.risk.velocity import Past

log = logging.getLogger(__name__)

LATE: Final = "prazo"
FORGETFUL: Final = "memoria"
UNLISTED: Final = "lista_externa"
OLD_LISTS: Final = "listas"
DEFECT: Final = "defeito"
"""Causes of a degraded decision: the budget was over before it began; memory or external list did not answer; block and
allow list were not read lately; a rule or the model failed."""

ON_THE_LIST: Final = "DOCUMENTO_NA_LISTA_EXTERNA"
"""Reason code."""

_RESERVE_S: Final = 0.5
"""Of the budget, for everything but the external list."""

_MOST_UNWRITTEN: Final = 100_000
_WRITTEN_AT_ONCE: Final = 200
"""More than a batch, so that a backlog shrinks."""


@dataclass(frozen=True, slots=True)
class Case:
    """A payment with everything that was known of it.

    Attributes:
        past: the payment and what came before it.
        on_the_list: whether the external list has its document.
        degraded: codes of what could not be asked.
    """

    past: Past
    on_the_list: bool
    degraded: tuple[str, ...]

    def decide(self, rules: Rules) -> Decision:
        """What these rules say; the model is asked where the policy gives it a weight and the memory answered."""
        policy = rules.policy
        asked = rules.model if policy.modelo and self.past.complete else None
        opinion = asked.opinion(self.past) if asked else None
        return decide(self.past, policy, opinion, self.listed(policy), self.degraded)

    def listed(self, policy: Policy) -> list[Reason]:
        """What the external list says, as a reason."""
        return [Reason(ON_THE_LIST, policy.lista_externa)] if self.on_the_list else []


@dataclass(frozen=True)
class Outcome:
    """What leaves a worker for one payment.

    Attributes:
        payment: what was asked.
        decision: the record of `decisoes_risco`.
        alert: the record of `alertas`; None for an approved payment.
        fresh: the decision; None where a stored one goes out again.
        case: what it was made from.
        seconds: from the broker's taking the payment to the decision.
        trace: the payment's trace id.
    """

    payment: Payment
    decision: bytes
    alert: bytes | None
    fresh: Decision | None = None
    seconds: float = 0
    case: Case | None = None
    trace: str = ""


class Judge:
    """Decides payments.

    Args:
        memory: the workers' memory.
        blacklist: the external list of documents.
        rules: gives the policy and the model that hold at the moment.
        budget: time from the broker's taking a payment to its decision.
        lists: gives block and allow lists as they are known at the moment.
        metrics: shows the stages' times and where the list's answers came from.
        now_ms: the clock, milliseconds since 1970.
    """

    def __init__(
        self,
        memory: Memory,
        blacklist: Blacklist,
        rules: Callable[[], Rules],
        budget: timedelta,
        *,
        lists: Callable[[], Known] = lambda: NO_LISTS,
        metrics: Metrics | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._memory = memory
        self._blacklist = blacklist
        self._rules = rules
        self._lists = lists
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

    def catch_up(self) -> None:
        """Keeps what the memory could not take; for moments without payments, when no later batch would do it."""
        self._remember([], {})

    def give_up(self, arrival: Arrival) -> Outcome:
        """What is answered where `decide` fails on a payment alone: a person looks at it. The memory is not told."""
        return self._outcome(arrival, undecided(Past(arrival.payment, {}), self._rules().policy, [], [DEFECT]))

    def _decide_all(
        self, arrivals: Sequence[Arrival], recalled: Recalled
    ) -> tuple[list[Outcome], list[tuple[Payment, bytes]]]:
        rules = self._rules()
        outcomes: list[Outcome] = []
        fresh: list[tuple[Payment, bytes]] = []
        for arrival in arrivals:
            stored = recalled.decided.get(arrival.payment.id_transacao)
            if stored is None:
                outcome = self._decide(arrival, recalled, rules)
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

    def _decide(self, arrival: Arrival, recalled: Recalled, rules: Rules) -> Outcome:
        payment = arrival.payment
        frauds = recalled.frauds.get(payment.id_terminal or "")
        known = {} if frauds is None else {"frauds": frauds}
        lists, old = self._lists()
        on_lists = lists.of(payment, datetime.fromtimestamp(self._now_ms() / 1000, UTC))
        past = Past(payment, recalled.of(payment), complete=recalled.complete, listed=on_lists, **known)
        degraded = [] if recalled.complete else [FORGETFUL]
        if old:
            degraded.append(OLD_LISTS)
        on_the_list = recalled.listings.get(payment.documento_pagador)
        if on_the_list is None:
            degraded.append(UNLISTED)
        if self._now_ms() - arrival.taken_ms > self._budget_ms:
            degraded.append(LATE)
        case = Case(past, bool(on_the_list), tuple(degraded))
        try:
            decision = case.decide(rules)
        except Exception:
            # One payment's defect must not keep the others waiting; a person looks at this one.
            log.exception("defect", extra={TRACE: arrival.trace, "record": str(arrival.coordinate)})
            decision = undecided(past, rules.policy, case.listed(rules.policy), [*degraded, DEFECT])
        return self._outcome(arrival, decision, case)

    def _outcome(self, arrival: Arrival, decision: Decision, case: Case | None = None) -> Outcome:
        now = self._now_ms()
        payloads = decision_payload(arrival, decision, now), alert_payload(arrival, decision, now)
        seconds = max(0, now - arrival.taken_ms) / 1000
        return Outcome(arrival.payment, *payloads, decision, seconds, case, arrival.trace)

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
