"""Decides batches of payments: reads the velocity store once, decides in order of arrival, writes to the store once."""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from operator import attrgetter
from typing import Final

from pybreaker import CircuitBreaker, CircuitBreakerError

from acude.logs import TRACE
from acude.payments import metrics as stages
from acude.payments.blacklist import Blacklist
from acude.payments.list_cache import NO_LISTS, KnownLists
from acude.payments.metrics import Metrics
from acude.payments.serde import Arrival, payloads
from acude.payments.velocity_store import EntityHistory, StoredDecision, VelocityStore, VelocityStoreError
from acude.risk.decision import Decision, Reason, decide, undecided
from acude.risk.lists import ON_THE_LIST
from acude.risk.payment import Payment
from acude.risk.policy import Policy
from acude.risk.rules import Rules
from acude.risk.velocity import Past

log = logging.getLogger(__name__)

OVER_BUDGET: Final = "prazo"
NO_HISTORY: Final = "memoria"
NO_EXTERNAL_LIST: Final = "lista_externa"
STALE_LISTS: Final = "listas"
DEFECT: Final = "defeito"
CAUSES: Final = (OVER_BUDGET, NO_HISTORY, NO_EXTERNAL_LIST, STALE_LISTS, DEFECT)
"""Causes of a degraded decision: the budget was over before it began; the velocity store or the external list did not
answer; block and allow list were not read lately; a rule or the model failed."""

_RESERVE_S: Final = 0.5
"""Part of the budget that is kept for everything but the external list."""

_MOST_UNWRITTEN: Final = 100_000
_WRITTEN_AT_ONCE: Final = 200
"""More than a batch, so that a backlog shrinks."""


@dataclass(frozen=True, slots=True)
class DecisionContext:
    """A payment and everything that was known about it when it was decided.

    Attributes:
        past: the payment and what came before it.
        on_the_list: whether the external list has its document.
        degraded: codes of what could not be asked.
    """

    past: Past
    on_the_list: bool
    degraded: tuple[str, ...]

    def decide(self, rules: Rules) -> Decision:
        """What these rules say. The model is asked where the policy gives it a weight and the history is complete."""
        policy = rules.policy
        asked = rules.model if policy.modelo and self.past.complete else None
        opinion = asked.opinion(self.past) if asked else None
        return decide(self.past, policy, opinion, self.listed(policy), self.degraded)

    def listed(self, policy: Policy) -> list[Reason]:
        """What the external list says, as a reason."""
        return [Reason(ON_THE_LIST, policy.lista_externa)] if self.on_the_list else []


@dataclass(frozen=True)
class DecisionResult:
    """What a worker sends for one payment.

    Attributes:
        payment: what was asked.
        record: the record of `decisoes_risco`.
        alert: the record of `alertas`; None for an approved payment.
        decision: what was decided; None where a stored record is sent again.
        seconds: from the broker's timestamp of the payment to the decision.
        context: what the decision was made from.
        trace: the payment's trace id.
    """

    payment: Payment
    record: bytes
    alert: bytes | None
    decision: Decision | None = None
    seconds: float = 0
    context: DecisionContext | None = None
    trace: str = ""


class DecisionEngine:
    """Decides payments.

    Args:
        store: histories of entities, and the decisions of the last hour.
        blacklist: the external list of documents.
        rules: gives the policy and the model in force.
        budget: time from the broker's timestamp of a payment to its decision.
        lists: gives block and allow list as they are known.
        metrics: shows the stages' times and where the list's answers came from.
        now_ms: the clock, milliseconds since 1970.
    """

    def __init__(
        self,
        store: VelocityStore,
        blacklist: Blacklist,
        rules: Callable[[], Rules],
        budget: timedelta,
        *,
        lists: Callable[[], KnownLists] = lambda: NO_LISTS,
        metrics: Metrics | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._store = store
        self._blacklist = blacklist
        self._rules = rules
        self._lists = lists
        self._metrics = metrics or Metrics()
        for cause in CAUSES:
            # From the start: Prometheus sees no increase where a series begins with its first event.
            self._metrics.degraded.labels(cause)
        self._budget_ms = int(budget.total_seconds() * 1000)
        self._now_ms = now_ms
        self.breaker = CircuitBreaker(fail_max=1, reset_timeout=1, exclude=[], name="memoria")
        self._unwritten: deque[tuple[Payment, StoredDecision]] = deque(maxlen=_MOST_UNWRITTEN)

    def decide(self, arrivals: Sequence[Arrival]) -> list[DecisionResult]:
        """Decides each payment that has no decision yet, in the order of their arrival.

        The first decision stands (`acude.risk.first_decision`). A payment that another record brought before gets no
        result. A payment that this very record brought before, to a worker that died before its commit, gets the stored
        result.
        """
        # A consumer takes one partition after another, whatever came first.
        arrivals = sorted(arrivals, key=attrgetter("place"))
        stage = self._metrics.stage
        with stage.labels(stages.RECALL).time():
            history = self._history([arrival.payment for arrival in arrivals])
        with stage.labels(stages.LOOK_UP).time():
            listings = self._look_up(arrivals, history)
        results: list[DecisionResult] = []
        fresh: list[tuple[Payment, StoredDecision]] = []
        with stage.labels(stages.DECIDE).time():
            rules = self._rules()
            for arrival in arrivals:
                payment = arrival.payment
                stored = history.decided.get(payment.id_transacao)
                if stored is None:
                    result = self._decide(arrival, history, rules)
                    stored = StoredDecision(arrival.coordinate, result.record, result.alert)
                    # A later payment of the same batch sees this one.
                    history.decided[payment.id_transacao] = stored
                    history.add(payment)
                    fresh.append((payment, stored))
                    results.append(result)
                elif stored.at == arrival.coordinate:
                    results.append(DecisionResult(payment, stored.record, stored.alert, trace=arrival.trace))
        self._write(fresh, listings)
        return results

    def catch_up(self) -> None:
        """Writes what the store could not take before; for times without payments, when no batch follows to do it."""
        self._write([], {})

    def give_up(self, arrival: Arrival) -> DecisionResult:
        """The answer where `decide` fails on a payment alone: a person reviews it. The store is not written."""
        return self._result(arrival, undecided(Past(arrival.payment, {}), self._rules().policy, [], [DEFECT]))

    def _history(self, payments: Sequence[Payment]) -> EntityHistory:
        try:
            found: EntityHistory = self.breaker.call(self._store.history_of, payments)
        except (VelocityStoreError, CircuitBreakerError):
            return EntityHistory(complete=False)
        return found

    def _look_up(self, arrivals: Sequence[Arrival], history: EntityHistory) -> dict[str, bool]:
        """Asks the external list about documents that the store does not know; adds the answers to the history."""
        fresh = [one for one in arrivals if one.payment.id_transacao not in history.decided]
        wanted = {one.payment.documento_pagador for one in fresh}
        unknown = wanted - set(history.listings)
        counted = self._metrics.listings
        counted.labels(stages.REMEMBERED).inc(len(wanted) - len(unknown))
        if not unknown:
            return {}
        oldest = min(one.taken_ms for one in fresh)
        left_s = (oldest + self._budget_ms - self._now_ms()) / 1000 - _RESERVE_S
        found = self._blacklist.ask(unknown, left_s)
        counted.labels(stages.ASKED).inc(len(found))
        counted.labels(stages.UNANSWERED).inc(len(unknown) - len(found))
        history.listings.update(found)
        return found

    def _decide(self, arrival: Arrival, history: EntityHistory, rules: Rules) -> DecisionResult:
        payment = arrival.payment
        frauds = history.frauds.get(payment.id_terminal or "")
        known = {} if frauds is None else {"frauds": frauds}
        lists, stale = self._lists()
        on_lists = lists.of(payment, datetime.fromtimestamp(self._now_ms() / 1000, UTC))
        past = Past(payment, history.of(payment), complete=history.complete, listed=on_lists, **known)
        on_the_list = history.listings.get(payment.documento_pagador)
        causes = (
            (NO_HISTORY, not history.complete),
            (STALE_LISTS, stale),
            (NO_EXTERNAL_LIST, on_the_list is None),
            (OVER_BUDGET, self._now_ms() - arrival.taken_ms > self._budget_ms),
        )
        degraded = tuple(cause for cause, holds in causes if holds)
        context = DecisionContext(past, bool(on_the_list), degraded)
        try:
            decision = context.decide(rules)
        except Exception:
            # One payment's defect must not delay the others; a person reviews this one.
            log.exception("defect", extra={TRACE: arrival.trace, "record": str(arrival.coordinate)})
            decision = undecided(past, rules.policy, context.listed(rules.policy), [*degraded, DEFECT])
        return self._result(arrival, decision, context)

    def _result(self, arrival: Arrival, decision: Decision, context: DecisionContext | None = None) -> DecisionResult:
        now = self._now_ms()
        record, alert = payloads(arrival, decision, now)
        seconds = max(0, now - arrival.taken_ms) / 1000
        return DecisionResult(arrival.payment, record, alert, decision, seconds, context, arrival.trace)

    def _write(self, fresh: list[tuple[Payment, StoredDecision]], listings: Mapping[str, bool]) -> None:
        """What can't be written now follows with later batches, in parts: a backlog must not delay the newest."""
        self._unwritten.extend(fresh)
        some = list(islice(self._unwritten, _WRITTEN_AT_ONCE))
        if not some and not listings:
            return
        try:
            self.breaker.call(self._store.add, some, listings)
        except (VelocityStoreError, CircuitBreakerError):
            return
        for _ in some:
            self._unwritten.popleft()
