"""What is known of a payment's past: counts, sums, distinct values and places over windows of time.

A payment's past is what was decided before it. A window of length W holds the records whose own time is less than W
away from the payment's, before or after it, or whose arrival is from the payment's arrival; and the payment itself. The
sender chooses a payment's time, the broker the time of its arrival: payments dated far from each other would hide from
each other otherwise, and those that wait for the broker in an outage would be apart. The lake's history, in the order
of the decisions, gives the same numbers as the live store. Of a busy entity, what its records don't reach counts by the
hour of its own time: an hour is in a window where its begin is.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from math import asin, cos, hypot, isnan, radians, sin, sqrt
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from acude.risk.history import UNKNOWN, History, Hours
from acude.risk.lists import Listed
from acude.risk.payment import Payment, Records, record, values

_SECOND_US: Final = 1_000_000
_DAY_US: Final = 86_400 * _SECOND_US
WINDOWS: Final[Mapping[str, int]] = {
    "1min": 60 * _SECOND_US,
    "10min": 600 * _SECOND_US,
    "1h": 3_600 * _SECOND_US,
    "1d": _DAY_US,
    "7d": 7 * _DAY_US,
    "30d": 30 * _DAY_US,
}
"""Lengths in microseconds."""

_LENGTHS: Final = np.array(list(WINDOWS.values()), np.int64)
_PLACES: Final = dict(zip(WINDOWS, range(len(WINDOWS)), strict=True))
_NO_ROWS: Final = slice(0, 0)

LABEL_DELAY_US: Final = 7 * _DAY_US
"""A fraud is known as one after this long; shares of frauds look at windows that ended this long ago."""

KEPT_US: Final = WINDOWS["30d"] + LABEL_DELAY_US
KEPT: Final = timedelta(microseconds=KEPT_US)
"""What is further away can't be in any window: 37 days."""

Rows = slice | npt.NDArray[np.intp]
"""Where some of an entity's records are among them."""

_EARTH_RADIUS_KM: Final = 6_371.0
_NO_MOMENTS: Final[npt.NDArray[np.int64]] = np.empty(0, np.int64)
_ON_NO_LIST: Final = Listed()


class Travel(NamedTuple):
    """Between the payment's place and the one known next to it in time: distance in km, hours, speed in km/h."""

    distance_km: float
    hours: float
    speed_kmh: float


class Past:
    """The payment and what was decided before it. Everything is computed when it is first asked for.

    Args:
        payment: the payment to decide.
        histories: of each of the payment's entities by the entity's name, as they were when it was decided; this
            payment may be among the records.
        frauds: moments (µs, sorted) of the payments at the same terminal that turned out to be frauds.
        complete: False where the store could not be asked: then every window holds the payment alone.
        listed: which lists the payment is on.
    """

    def __init__(
        self,
        payment: Payment,
        histories: Mapping[str, History],
        frauds: npt.NDArray[np.int64] = _NO_MOMENTS,
        *,
        complete: bool = True,
        listed: Listed = _ON_NO_LIST,
    ) -> None:
        self.payment = payment
        self.complete = complete
        self.listed = listed
        self.own = values(record(payment))
        self._at: int = self.own["at"]
        self._histories = histories
        self._frauds = frauds
        self._near: dict[str, Records] = {}
        self._windows: dict[str, Sequence[Rows]] = {}
        self._sums: dict[str, npt.NDArray[np.int64]] = {}

    def near(self, entity: str) -> Records:
        """The entity's records of less than `KEPT_US` before and after this payment, oldest first, without this one."""
        found = self._near.get(entity)
        if found is None:
            found = self._near[entity] = self._others(self._histories.get(entity, UNKNOWN).rows)
        return found

    def _others(self, rows: Records) -> Records:
        if not len(rows):
            return rows
        edges = (self._at - KEPT_US + 1, self._at, self._at + 1, self._at + KEPT_US)
        begin, own, after, end = rows["at"].searchsorted(edges).tolist()
        if own < after:
            # Its own moment is rare among them: only there its own record can be.
            same = np.flatnonzero(rows["id"][own:after] == self.own["id"])
            if len(same):
                return np.concatenate([rows[begin : own + same[0]], rows[own + same[0] + 1 : end]])
        return rows[begin:end]

    def count(self, entity: str, window: str) -> int:
        """Payments in the window, this one included; 0 where the payment has no such entity."""
        if not self.own[entity]:
            return 0
        found = self._rows(entity, window)
        records = found.stop - found.start if isinstance(found, slice) else len(found)
        return records + _total(self._hours_within(entity, window), "count") + 1

    def sum(self, entity: str, window: str) -> float:
        """Sum of the window's amounts in the currency's unit, this one included, refunds negative."""
        if not self.own[entity]:
            return 0.0
        cents: int = self.own["cents"] + _total(self._hours_within(entity, window), "cents")
        rows = self.near(entity)
        if len(rows):
            found = self._rows(entity, window)
            cents += self._between(entity, found) if isinstance(found, slice) else int(rows["cents"][found].sum())
        return cents / 100

    def _between(self, entity: str, rows: slice) -> int:
        if entity not in self._sums:
            self._sums[entity] = np.concatenate([[0], np.cumsum(self.near(entity)["cents"], dtype=np.int64)])
        return int(self._sums[entity][rows.stop] - self._sums[entity][rows.start])

    def mean(self, entity: str, window: str) -> float:
        """Mean amount of the window, this one included; 0 where the payment has no such entity."""
        count = self.count(entity, window)
        return self.sum(entity, window) / count if count else 0.0

    def distinct(self, entity: str, other: str, window: str) -> int:
        """How many different `other` the entity was seen with in the window, this payment's included."""
        if not self.own[entity]:
            return 0
        rows = self.within(entity, window)
        found = set(rows[other].tolist()) if len(rows) else set()
        found.add(self.own[other])
        found.discard(0)
        return len(found)

    def is_new(self, entity: str, other: str) -> bool:
        """Whether the entity has a past, and this payment's `other` is not in it."""
        rows = self.near(entity)
        return bool(len(rows) and self.own[other] and not (rows[other] == self.own[other]).any())

    def small(self, entity: str, window: str, below: float) -> int:
        """Payments of less than `below` in the window, this one included; refunds don't count."""
        if not self.own[entity]:
            return 0
        rows, limit = self.within(entity, window), round(below * 100)
        own = int(0 <= self.own["cents"] < limit)
        return int(np.count_nonzero((rows["cents"] >= 0) & (rows["cents"] < limit))) + own if len(rows) else own

    def refunds(self, entity: str, window: str) -> int:
        """Refunds in the window, this one included."""
        if not self.own[entity]:
            return 0
        rows, own = self.within(entity, window), int(self.own["cents"] < 0)
        return int(np.count_nonzero(rows["cents"] < 0)) + own if len(rows) else own

    def together(self, entity: str, other: str, window: str) -> Records:
        """The entity's records in the window that share this payment's `other`, without this payment."""
        rows = self.within(entity, window)
        return rows[rows[other] == self.own[other]] if self.own[other] else rows[:0]

    def deviation(self, entity: str) -> float:
        """How many standard deviations the amount is above the mean of the 30 days around it; 0 for a short past."""
        rows = self.within(entity, "30d")
        if len(rows) < _ENOUGH:
            return 0.0
        cents = rows["cents"]
        spread = float(cents.std())
        return (float(self.own["cents"]) - float(cents.mean())) / spread if spread else 0.0

    def fraud_share(self, entity: str, window: str) -> float:
        """Frauds among the entity's payments in the window that ended before the label's delay."""
        end = self._at - LABEL_DELAY_US
        begin = end - WINDOWS[window]
        count = self.delayed_count(entity, window)
        # Of a payment that the store has lost it may still know the fraud.
        return min(1.0, _between(self._frauds, begin, end) / count) if count else 0.0

    def delayed_count(self, entity: str, window: str) -> int:
        """The entity's payments in the window that ended before the label's delay."""
        end = self._at - LABEL_DELAY_US
        begin = end - WINDOWS[window]
        rows = self.near(entity)
        displaced = _total(self.hours(entity, begin, end), "count")
        return _between(rows["at"], begin, end) + displaced if len(rows) else displaced

    def travel(self, entity: str) -> Travel | None:
        """The faster of the ways from the entity's last known place and to its next; None where no place is known."""
        rows = self.near(entity)
        if isnan(self.own["latitude"]) or not len(rows):
            return None
        known = rows[~np.isnan(rows["latitude"])]
        now = int(known["at"].searchsorted(self._at, "right"))
        ways = [self._way(place) for place in known[max(0, now - 1) : now + 1]]
        return max(ways, key=lambda way: way.speed_kmh, default=None)

    def _way(self, place: np.void) -> Travel:
        distance = distance_km(place["latitude"], place["longitude"], self.own["latitude"], self.own["longitude"])
        hours = abs(self._at - int(place["at"])) / (3_600 * _SECOND_US)
        return Travel(distance, hours, distance / max(hours, _SHORTEST_H))

    def hours(self, entity: str, begin: int, end: int) -> Hours:
        """The entity's hours of displaced payments that began in (begin, end], µs."""
        found = self._histories.get(entity, UNKNOWN).hours
        if not len(found):
            return found
        first, last = found["at"].searchsorted((begin, end), "right")
        return found[first:last]

    def within(self, entity: str, window: str) -> Records:
        """The entity's records in the window, oldest first, without this payment."""
        return self.near(entity)[self._rows(entity, window)]

    def _hours_within(self, entity: str, window: str) -> Hours:
        length = WINDOWS[window]
        return self.hours(entity, self._at - length, self._at + length - 1)

    def _rows(self, entity: str, window: str) -> Rows:
        """Which records are in a window; those of all windows are looked for together."""
        found = self._windows.get(entity)
        if found is None:
            rows = self.near(entity)
            found = self._windows[entity] = self._in_windows(rows) if len(rows) else [_NO_ROWS] * len(WINDOWS)
        return found[_PLACES[window]]

    def _in_windows(self, rows: Records) -> Sequence[Rows]:
        """By window, shortest first. Where no arrival is nearer than its payment's own time, they lie side by side."""
        moments = rows["at"]
        begins = moments.searchsorted(self._at - _LENGTHS, "right").tolist()
        spans = [slice(*span) for span in zip(begins, moments.searchsorted(self._at + _LENGTHS).tolist(), strict=True)]
        by_time = _LENGTHS.searchsorted(np.abs(moments - self._at), "right")
        by_arrival = _LENGTHS.searchsorted(np.abs(rows["taken"] - self.own["taken"]), "right")
        if not (by_arrival < by_time).any():
            return spans
        shortest = np.minimum(by_time, by_arrival)
        return [np.flatnonzero(shortest <= place) for place in range(len(WINDOWS))]


_ENOUGH: Final = 5
_SHORTEST_H: Final = 1 / 3_600


def distance_km(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    """Great-circle distance between two places given in degrees (haversine).

    >>> round(distance_km(-23.55, -46.63, -22.91, -43.17))
    361
    """
    north = radians(float(to_latitude) - float(latitude))
    east = radians(float(to_longitude) - float(longitude))
    chord = hypot(sin(north / 2), sqrt(cos(radians(latitude)) * cos(radians(to_latitude))) * sin(east / 2))
    return 2 * _EARTH_RADIUS_KM * asin(min(1.0, chord))


def _total(hours: Hours, name: str) -> int:
    """A column's sum; most entities have no hours, and numpy takes as long for nothing as for a few."""
    return int(hours[name].sum()) if len(hours) else 0


def _between(moments: npt.NDArray[np.int64], begin: int, end: int) -> int:
    """How many of the sorted moments are in (begin, end]."""
    first, last = moments.searchsorted((begin, end), "right")
    return int(last - first)
