"""Decides batches of payments: reads the velocity store once, decides in order of arrival, writes to the store once."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice, repeat
from operator import attrgetter
from typing import Final

from pybreaker import CircuitBreaker, CircuitBreakerError

from acude.kafka.records import Coordinate
from acude.logs import TRACE
from acude.payments import metrics as stages
from acude.payments.blacklist import Blacklist
from acude.payments.decision_result import DecisionContext, DecisionResult
from acude.payments.list_cache import NO_LISTS, KnownLists
from acude.payments.metrics import Metrics
from acude.payments.reservations import ID, PATIENCE_S, Answer, Reservations, ReservationsError, Wanted
from acude.payments.serde import Arrival, late_payloads, payloads
from acude.payments.velocity_store import EntityHistory, StoredDecision, VelocityStore, VelocityStoreError
from acude.risk.decision import DEFECT, Decision, Opinion, undecided
from acude.risk.first_decision import PaymentKey
from acude.risk.payment import Payment
from acude.risk.rules import Rules
from acude.risk.velocity import Past

log = logging.getLogger(__name__)

OVER_BUDGET: Final = "prazo"
NO_HISTORY: Final = "memoria"
SHORT_HISTORY: Final = "historico"
NOT_SURELY_FIRST: Final = "unicidade"
NO_EXTERNAL_LIST: Final = "lista_externa"
STALE_LISTS: Final = "listas"
CAUSES: Final = (
    OVER_BUDGET, NO_HISTORY, SHORT_HISTORY, NOT_SURELY_FIRST, NO_EXTERNAL_LIST, STALE_LISTS, DEFECT,
)  # fmt: skip
"""Causes of a degraded decision: its budget was over; the velocity store did not answer, or was lost
less than 37 days ago; the database that knows which payment is the first, or the external list did not answer; block
and allow list were not read lately; a rule or the model failed."""

_BEGINNING: Final = 64
"""Offsets below are those of a topic that has just begun: a velocity store without anything never had more."""

Firsts = dict[PaymentKey, str | None]

_RESERVE_S: Final = 0.5
"""Part of the budget that is kept for everything but the external list."""

_ON_THE_WAY_MS: Final = 250
"""Part of the budget that is kept for the way of the decision to the broker."""

_MOST_UNWRITTEN: Final = 100_000
_WRITTEN_AT_ONCE: Final = 200
"""More than a batch, so that a backlog shrinks."""


class DecisionEngine:
    """Decides payments.

    Args:
        store: histories of entities, and the decisions of the last hour.
        reservations: which record of a payment is decided.
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
        reservations: Reservations,
        blacklist: Blacklist,
        rules: Callable[[], Rules],
        budget: timedelta,
        *,
        lists: Callable[[], KnownLists] = lambda: NO_LISTS,
        metrics: Metrics | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._store = store
        self._reservations = reservations
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
        self._unwritten: OrderedDict[PaymentKey, tuple[Payment, StoredDecision]] = OrderedDict()

    def decide(self, arrivals: Sequence[Arrival]) -> list[DecisionResult]:
        """Decides each payment that has no decision yet, in the order of their arrival.

        The first decision stands (`acude.risk.first_decision`). A payment that another record brought before gets no
        result. A payment that this very record brought before, to a worker that died before its commit, gets the stored
        result, flagged where that is late. While the database does not say which record is the first, the velocity
        store's last hour does, and the decisions that it could not take; such decisions are flagged.
        """
        # A consumer takes one partition after another, whatever came first.
        arrivals = sorted(arrivals, key=attrgetter("place"))
        stage = self._metrics.stage
        with stage.labels(stages.RECALL).time():
            asked, began = self._reserve(arrivals), time.monotonic()
            history = self._history([arrival.payment for arrival in arrivals])
            self._begin(history, arrivals)
            # Side by side: where neither answers, a payment waits once.
            firsts = self._firsts(asked, PATIENCE_S - (time.monotonic() - began))
        fresh_ones = [one for one in arrivals if one.payment.key not in history.decided and _is_first(one, firsts)]
        with stage.labels(stages.LOOK_UP).time():
            listings = self._look_up(fresh_ones, history)
        with stage.labels(stages.DECIDE).time():
            rules = self._rules()
            contexts = self._contexts(arrivals, firsts, history)
            opinions = _opinions(contexts.values(), rules)
            results: list[DecisionResult] = []
            fresh: list[tuple[Payment, StoredDecision]] = []
            for arrival in arrivals:
                payment = arrival.payment
                stored = history.decided.get(payment.key)
                if context := contexts.get(arrival.coordinate):
                    result = self._decide(arrival, context, rules, next(opinions))
                    fresh.append((payment, StoredDecision(arrival.coordinate, result.record, result.alert)))
                    results.append(result)
                elif stored and stored.at == arrival.coordinate:
                    results.append(self._sent_again(arrival, stored))
        self._write(fresh, listings)
        return results

    def catch_up(self) -> None:
        """Writes what the store could not take before; for times without payments, when no batch follows to do it."""
        self._write([], {})

    def give_up(self, arrival: Arrival) -> list[DecisionResult]:
        """The answer where `decide` fails on a payment alone: a person reviews it. The store is not written."""
        if not _is_first(arrival, self._firsts(self._reserve([arrival]))):
            return []
        return [self._result(arrival, undecided(Past(arrival.payment, {}), self._rules().policy, [], [DEFECT]))]

    def give_back(self, arrivals: Sequence[Arrival]) -> None:
        """Lets other records of these payments be decided: these could not be."""
        self._reservations.give_back([_wanted(one) for one in arrivals])

    def _reserve(self, arrivals: Sequence[Arrival]) -> tuple[list[PaymentKey], Answer]:
        """Asks which records are decided, while the history is read."""
        # Of several in the batch the first to arrive is asked about.
        wanted = {one.payment.key: _wanted(one) for one in reversed(arrivals)}
        return list(wanted), self._reservations.ask(list(wanted.values()))

    def _firsts(self, asked: tuple[list[PaymentKey], Answer], within_s: float = PATIENCE_S) -> Firsts | None:
        """The record that is decided, by payment; None where the database does not answer."""
        keys, answer = asked
        try:
            found = self._reservations.wait(answer, max(within_s, 0))
        except ReservationsError:
            return None
        return {key: held.record for key, held in zip(keys, found, strict=True)}

    def _history(self, payments: Sequence[Payment]) -> EntityHistory:
        try:
            found: EntityHistory = self.breaker.call(self._store.history_of, payments)
        except (VelocityStoreError, CircuitBreakerError):
            found = EntityHistory(complete=False)
        for key in {payment.key for payment in payments} & self._unwritten.keys():
            found.decided[key] = self._unwritten[key][1]
        return found

    def _begin(self, history: EntityHistory, arrivals: Sequence[Arrival]) -> None:
        """Has a store that does not say it yet say from when on it has everything.

        Nothing is lacking where the topic has just begun, too, or where the store is older than what it says; anywhere
        else it was lost.
        """
        if not history.complete or history.begun:
            return
        young = any(one.coordinate.offset < _BEGINNING for one in arrivals)
        whole = history.since_ms is None and (young or history.histories)
        begin = 0 if whole else self._now_ms()
        history.since_ms = begin if history.since_ms is None else min(begin, history.since_ms)
        with suppress(VelocityStoreError, CircuitBreakerError):
            self.breaker.call(self._store.begin, begin)

    def _look_up(self, fresh: Sequence[Arrival], history: EntityHistory) -> dict[str, bool]:
        """Asks the external list about documents that the store does not know; adds the answers to the history."""
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

    def _contexts(
        self, arrivals: Sequence[Arrival], firsts: Firsts | None, history: EntityHistory
    ) -> dict[Coordinate, DecisionContext]:
        """What is known of each payment that is to be decided, by its record, in their order."""
        found: dict[Coordinate, DecisionContext] = {}
        taken = set(history.decided)
        for arrival in arrivals:
            if arrival.payment.key not in taken and _is_first(arrival, firsts):
                taken.add(arrival.payment.key)
                found[arrival.coordinate] = self._context(arrival, history, certain=firsts is not None)
                # A later payment of the same batch sees this one.
                history.add(arrival.payment)
        return found

    def _context(self, arrival: Arrival, history: EntityHistory, *, certain: bool) -> DecisionContext:
        payment = arrival.payment
        frauds = history.frauds.get(payment.id_terminal or "")
        known = {} if frauds is None else {"frauds": frauds}
        lists, stale = self._lists()
        on_lists = lists.of(payment, datetime.fromtimestamp(self._now_ms() / 1000, UTC))
        past = Past(payment, history.of(payment), complete=history.complete, listed=on_lists, **known)
        on_the_list = history.listings.get(payment.documento_pagador)
        causes = (
            (NO_HISTORY, not history.complete),
            (SHORT_HISTORY, history.complete and not history.reaches(payment)),
            (NOT_SURELY_FIRST, not certain),
            (STALE_LISTS, stale),
            (NO_EXTERNAL_LIST, on_the_list is None),
        )
        return DecisionContext(past, bool(on_the_list), tuple(cause for cause, holds in causes if holds))

    def _decide(
        self, arrival: Arrival, context: DecisionContext, rules: Rules, opinion: Opinion | None
    ) -> DecisionResult:
        try:
            decision = context.decide(rules, opinion)
        except MemoryError:
            # It lies in no payment.
            raise
        except Exception:
            # One payment's defect must not delay the others; a person reviews this one.
            log.exception("defect", extra={TRACE: arrival.trace, "record": str(arrival.coordinate)})
            listed = context.listed(rules.policy)
            decision = undecided(context.past, rules.policy, listed, [*context.degraded, DEFECT])
        return self._result(arrival, decision, context)

    def _result(self, arrival: Arrival, decision: Decision, context: DecisionContext | None = None) -> DecisionResult:
        now = self._now_ms()
        if self._is_late(arrival, now):
            decision = replace(decision, degraded=(*decision.degraded, OVER_BUDGET))
        record, alert = payloads(arrival, decision, now)
        seconds = max(0, now - arrival.taken_ms) / 1000
        return DecisionResult(arrival.payment, record, alert, decision, seconds, context, arrival.trace)

    def _sent_again(self, arrival: Arrival, stored: StoredDecision) -> DecisionResult:
        record, alert, now = stored.record, stored.alert, self._now_ms()
        if self._is_late(arrival, now):
            record, alert = late_payloads(record, alert, OVER_BUDGET, arrival.taken_ms, now)
        seconds = max(0, now - arrival.taken_ms) / 1000
        return DecisionResult(arrival.payment, record, alert, seconds=seconds, trace=arrival.trace)

    def _is_late(self, arrival: Arrival, now_ms: int) -> bool:
        return now_ms - arrival.taken_ms > self._budget_ms - _ON_THE_WAY_MS

    def _write(self, fresh: list[tuple[Payment, StoredDecision]], listings: Mapping[str, bool]) -> None:
        """What can't be written now follows with later batches, in parts: a backlog must not delay the newest."""
        self._unwritten.update((payment.key, (payment, stored)) for payment, stored in fresh)
        while len(self._unwritten) > _MOST_UNWRITTEN:
            self._unwritten.popitem(last=False)
        some = list(islice(self._unwritten.values(), _WRITTEN_AT_ONCE))
        with suppress(VelocityStoreError, CircuitBreakerError):
            if some or listings:
                self.breaker.call(self._store.add, some, listings)
            for payment, _ in some:
                del self._unwritten[payment.key]


def _wanted(arrival: Arrival) -> Wanted:
    return Wanted(*arrival.payment.key, ID, arrival.content, str(arrival.coordinate))


def _opinions(contexts: Collection[DecisionContext], rules: Rules) -> Iterator[Opinion | None]:
    """The model's opinion on each payment; None for one that it is not asked about.

    Where it fails, too: then each payment asks alone, which takes longer, and one payment's defect stays its own.
    """
    models = [context.asks(rules) for context in contexts]
    asked = [context.past for context, model in zip(contexts, models, strict=True) if model]
    found: Iterator[Opinion | None] = repeat(None)
    if rules.model and asked:
        try:
            found = iter(rules.model.opinions(asked))
        except MemoryError:
            raise
        except Exception:
            log.warning("the model failed on a batch", exc_info=True)
    return (next(found) if model else None for model in models)


def _is_first(arrival: Arrival, firsts: Firsts | None) -> bool:
    """Whether this record of its payment is the one that is decided, as far as the database says."""
    return firsts is None or firsts[arrival.payment.key] == str(arrival.coordinate)
