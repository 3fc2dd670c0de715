"""What a fraud pattern is given, and what it gives back."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from acude.simulator.payments import identifiers
from acude.simulator.payments.fields import Fields, Receiver, online
from acude.simulator.payments.people import Payer, People
from acude.simulator.payments.places import CAPITALS, near

MINUTE_S = 60.0
HOUR_S = 3_600.0
DAY_S = 86_400.0


class Act(NamedTuple):
    """One payment of a burst.

    Attributes:
        at: when, in seconds since 1970.
        fields: all but id and time.
        fraud: False for the honest payments of the pattern.
    """

    at: float
    fields: dict[str, Any]
    fraud: bool = True


@dataclass(frozen=True, slots=True)
class Scene:
    """Where and when a burst begins.

    Attributes:
        rng: where chance comes from.
        people: everybody.
        at: now, in seconds since 1970; no act lies before it.
        end: of the play.
        numbers: of accounts that nobody has yet.
    """

    rng: random.Random
    people: People
    at: float
    end: float
    numbers: Iterator[int]

    def between(self, least: float, most: float) -> float:
        """A number between the two."""
        return least + self.rng.random() * (most - least)

    def moments(self, begin: float, length_s: float, count: int) -> list[float]:
        """N moments in a stretch of time, ascending."""
        return sorted(begin + length_s * self.rng.random() for _ in range(count))

    def newcomer(self) -> Payer:
        """Somebody with an account of the last three days."""
        return self.people.newcomer(self.rng, next(self.numbers), self.at - self.between(HOUR_S, 3 * DAY_S))

    def stranger(self) -> Receiver:
        """An account that nobody has paid yet."""
        return Receiver(f"u{next(self.numbers)}", identifiers.pix_key(self.rng))

    def new_spot(self) -> Fields:
        """A device and an address that nobody has used yet, in some state."""
        uf = self.rng.choice(tuple(CAPITALS))
        place = near(self.rng, CAPITALS[uf])
        return online(uf, place, identifiers.device(self.rng), identifiers.ip(self.rng))


Pattern = Callable[[Scene], list[Act]]
"""A burst, ascending; empty where the pattern has no chance before the play's end."""
