"""The stream: ordinary payments at the rhythm's moments, bursts of fraud woven in, in the order of time."""

import heapq
import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import count
from typing import Any, Final

from acude.simulator.payments.normal import Normal
from acude.simulator.payments.patterns import PATTERNS
from acude.simulator.payments.people import PAYERS, People
from acude.simulator.payments.scene import Act, Scene
from acude.simulator.payments.serde import Labelled, Sent, encode, moment
from acude.simulator.rhythm import moments

MOST_FRAUD: Final = 0.5
FEWEST_PAYERS: Final = 100
_SHARE_OF_THE_REST = 0.9
_PAID_BACK_OF = 4
"""One in this number of payments is ordinary even while bursts run: honest people never stop paying."""
_LETTERS = str.maketrans("0123456789", "ghijklmnop")
"""Digits beside the payment's number could be read as a card's."""


def payments(
    seed: int,
    start: datetime,
    duration: timedelta | None,
    rate: float,
    *,
    fraud_share: float = 0.01,
    patterns: Sequence[str] = tuple(PATTERNS),
    payers: int = PAYERS,
) -> Iterator[Labelled]:
    """Labelled payments in the order of their times. The same arguments give the same payments, ids included.

    Args:
        seed: decides everything but the time.
        start: when it begins, UTC.
        duration: how long it goes on; None for ever.
        rate: payments per second, frauds included: exactly `rate * duration` come; see `rhythm.moments`.
        fraud_share: 0 to 0.5 of them are frauds, the patterns about equally often. A burst that the play is too short
            for is compressed.
        patterns: names of `PATTERNS`. `golpe_pix_noturno` comes only if the play reaches a night.
        payers: how many people pay, at least 100. At a rate of 1, 20,000 pay about four times per day each.

    Raises:
        ValueError: a share or rate out of range, an unknown pattern.
    """
    if not 0 <= fraud_share <= MOST_FRAUD:
        raise ValueError(f"fraud_share is 0 to {MOST_FRAUD}; found {fraud_share}")
    if rate <= 0:
        raise ValueError(f"rate is payments per second, above 0; found {rate}")
    if payers < FEWEST_PAYERS:
        raise ValueError(f"payers is at least {FEWEST_PAYERS}; found {payers}")
    if unknown := set(patterns) - set(PATTERNS):
        raise ValueError(f"no pattern {', '.join(sorted(unknown))}; there are {', '.join(PATTERNS)}")
    begin = start.astimezone(UTC)
    # Ids of a play with other arguments are others: an id never comes back with another content.
    play = f"{seed}:{begin.isoformat()}:{duration}:{rate}:{fraud_share}:{','.join(patterns)}:{payers}"
    chance = f"{seed}:{begin.isoformat()}"
    mix = _Mix(People(seed, begin, payers), chance, play, fraud_share, patterns)
    wanted = round(rate * duration.total_seconds()) if duration is not None else None
    slots = moments(random.Random(f"pagamentos:{chance}"), begin, duration, rate)  # noqa: S311
    return mix.stream(slots, wanted, (begin + duration).timestamp() if duration is not None else math.inf)


class _Mix:
    def __init__(self, people: People, chance: str, play: str, fraud_share: float, patterns: Sequence[str]) -> None:
        self._people = people
        self._normal = Normal(people, random.Random(f"normais:{chance}"))  # noqa: S311
        self._rng = random.Random(f"fraudes:{chance}")  # noqa: S311
        self._run = blake2b(play.encode(), digest_size=6).hexdigest().translate(_LETTERS)
        self._share = fraud_share
        self._planned: Counter[str] = Counter(dict.fromkeys(patterns, 0))
        self._frauds = 0
        self._newcomers = count(len(people.payers) + 1)
        self._pending: list[tuple[float, int, Act, str]] = []
        self._tie = count()
        self._sent = 0

    def stream(self, slots: Iterator[float], wanted: int | None, end: float) -> Iterator[Labelled]:
        """The payments: bursts' at their own times, each in the place of an ordinary one that would have followed."""
        pending, normal, owed = self._pending, self._normal, 0
        for number, slot in enumerate(slots):
            while pending and pending[0][0] <= slot and self._sent != wanted:
                at, _, act, name = heapq.heappop(pending)
                owed += 1
                yield self._labelled(act.fields, at, name if act.fraud else None)
            if self._sent == wanted:
                return
            if owed and number % _PAID_BACK_OF:
                owed -= 1
                continue
            yield self._labelled(normal.at(slot), slot, None)
            if self._frauds < self._share * self._sent:
                self._plan(slot, end)

    def _labelled(self, fields: dict[str, Any], epoch_s: float, label: str | None) -> Labelled:
        self._sent += 1
        payment = Sent(id_transacao=f"t{self._run}-{self._sent}", timestamp=moment(epoch_s), **fields)
        return Labelled(payment, encode(payment), payment.id_pagador.encode(), label)

    def _plan(self, at: float, end: float) -> None:
        """Begin one burst, of the pattern that had the fewest frauds so far and has a chance now."""
        scene = Scene(self._rng, self._people, at, end, self._newcomers)
        for name, _ in sorted(self._planned.items(), key=lambda item: item[1]):
            acts = PATTERNS[name](scene)
            if acts:
                for act in _in_time(acts, at, end):
                    heapq.heappush(self._pending, (act.at, next(self._tie), act, name))
                frauds = sum(act.fraud for act in acts)
                self._planned[name] += frauds
                self._frauds += frauds
                return


def _in_time(acts: list[Act], begin: float, end: float) -> list[Act]:
    """The acts, closer together where they would last beyond the play's end."""
    last = acts[-1].at
    if last < end:
        return acts
    pace = _SHARE_OF_THE_REST * (end - begin) / (last - begin)
    return [act._replace(at=begin + (act.at - begin) * pace) for act in acts]
