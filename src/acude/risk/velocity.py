"""What is known of a payment's past: counts, sums, distinct values and places over sliding windows of event time.

A window of length W that ends with a payment at time t holds the records in (t - W, t], the payment itself included.
Only records before the payment count, in the order of (time, id), so that a late arrival sees what it would have seen
in time, and the lake's history gives the same numbers as the live store. Of a busy entity, what its records don't reach
counts by the hour: an hour is in a window where its begin is.
"""

from collections.abc import Mapping
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
_FIRST: Final = (0,) * len(WINDOWS)

LABEL_DELAY_US: Final = 7 * _DAY_US
"""A fraud is known as one after this long; shares of frauds look at windows that ended this long ago."""

KEPT_US: Final = WINDOWS["30d"] + LABEL_DELAY_US
KEPT: Final = timedelta(microseconds=KEPT_US)
"""What is older can't be in any window: 37 days."""

_EARTH_RADIUS_KM: Final = 6_371.0
_NO_MOMENTS: Final[npt.NDArray[np.int64]] = np.empty(0, np.int64)
_ON_NO_LIST: Final = Listed()


class Travel(NamedTuple):
    """From the last place that is known to the payment's: distance in km, time in hours, speed in km/h."""

    distance_km: float
    hours: float
    speed_kmh: float


class Past:
    """The payment and what came before it. Everything is computed when it is first asked for.

    Args:
        payment: the payment to decide.
        histories: of each of the payment's entities by the entity's name; later payments and this one may be among
            the records.
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
        self._before: dict[str, Records] = {}
        self._starts: dict[str, Mapping[str, int]] = {}
        self._sums: dict[str, npt.NDArray[np.int64]] = {}

    def before(self, entity: str) -> Records:
        """The entity's records of the `KEPT_US` before this payment, oldest first."""
        found = self._before.get(entity)
        if found is None:
            found = self._before[entity] = self._up_to_now(self._histories.get(entity, UNKNOWN).rows)
        return found

    def _up_to_now(self, rows: Records) -> Records:
        if not len(rows):
            return rows
        moments = rows["at"]
        begin, end = int(moments.searchsorted(self._at - KEPT_US, "right")), int(moments.searchsorted(self._at, "left"))
        # Records of the same microsecond count where their id comes before.
        while end < len(rows) and moments[end] == self._at and rows["id"][end] < self.own["id"]:
            end += 1
        return rows[begin:end]

    def count(self, entity: str, window: str) -> int:
        """Payments in the window, this one included; 0 where the payment has no such entity."""
        if not self.own[entity]:
            return 0
        displaced = _total(self.hours(entity, self._at - WINDOWS[window]), "count")
        return len(self.before(entity)) - self._start(entity, window) + displaced + 1

    def sum(self, entity: str, window: str) -> float:
        """Sum of the window's amounts in the currency's unit, this one included, refunds negative."""
        if not self.own[entity]:
            return 0.0
        cents: int = self.own["cents"] + _total(self.hours(entity, self._at - WINDOWS[window]), "cents")
        rows = self.before(entity)
        if len(rows):
            if entity not in self._sums:
                self._sums[entity] = np.concatenate([[0], np.cumsum(rows["cents"], dtype=np.int64)])
            total = self._sums[entity]
            cents += int(total[-1] - total[self._start(entity, window)])
        return cents / 100

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
        rows = self.before(entity)
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
        """How many standard deviations the amount is above the mean of the 30 days before it; 0 for a short past."""
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
        rows = self.before(entity)
        displaced = _total(self.hours(entity, begin, end), "count")
        return _between(rows["at"], begin, end) + displaced if len(rows) else displaced

    def travel(self, entity: str) -> Travel | None:
        """The way from the entity's last known place; None where that or this payment's place is unknown."""
        rows = self.before(entity)
        if isnan(self.own["latitude"]) or not len(rows):
            return None
        known = np.flatnonzero(~np.isnan(rows["latitude"]))
        if not len(known):
            return None
        last = rows[known[-1]]
        distance = distance_km(last["latitude"], last["longitude"], self.own["latitude"], self.own["longitude"])
        hours = (self._at - int(last["at"])) / (3_600 * _SECOND_US)
        return Travel(distance, hours, distance / max(hours, _SHORTEST_H))

    def hours(self, entity: str, begin: int, end: int | None = None) -> Hours:
        """The entity's hours of displaced payments that began after `begin` (µs), up to `end` or this payment."""
        found = self._histories.get(entity, UNKNOWN).hours
        if not len(found):
            return found
        first, last = found["at"].searchsorted((begin, self._at if end is None else end), "right")
        return found[first:last]

    def within(self, entity: str, window: str) -> Records:
        """The entity's records in the window, without this payment."""
        return self.before(entity)[self._start(entity, window) :]

    def _start(self, entity: str, window: str) -> int:
        """Where a window begins among the records before; those of all windows are looked for together."""
        starts = self._starts.get(entity)
        if starts is None:
            rows = self.before(entity)
            found = rows["at"].searchsorted(self._at - _LENGTHS, "right").tolist() if len(rows) else _FIRST
            starts = self._starts[entity] = dict(zip(WINDOWS, found, strict=True))
        return starts[window]


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
