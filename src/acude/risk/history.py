"""An entity's past as it is kept: the last payments as records, and those that they displaced as sums by the hour.

A busy entity's records reach back for hours alone. What is displaced is added to its hour, so that counts and sums over
days stay whole, and the entity costs no more: at most 1,000 records and some weeks of hours. The last are those that
arrived last: the sender chooses a payment's own time, and could displace true ones by dates ahead of them.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from acude.risk.payment import RECORD, Records, arrival_order

MOST_RECORDS: Final = 1_000
"""Of each entity the last to arrive are kept as records."""

HOUR_US: Final = 3_600_000_000
HOUR: Final = np.dtype([("at", "<i8"), ("count", "<i8"), ("cents", "<i8")])
"""An hour's begin in µs, and the number and the amounts (in hundredths, refunds negative) of its displaced payments."""

Hours = npt.NDArray[np.void]
_NOTHING: Final[Records] = np.empty(0, RECORD)
NO_HOURS: Final[Hours] = np.empty(0, HOUR)


class History(NamedTuple):
    """What is known of one entity.

    Attributes:
        rows: its last payments, sorted by (time, id).
        hours: sums of those that they displaced, sorted by time.
    """

    rows: Records = _NOTHING
    hours: Hours = NO_HOURS


UNKNOWN: Final = History()


def of_records(rows: Records) -> History:
    """The history of payments that are all there, sorted by (time, id)."""
    if len(rows) <= MOST_RECORDS:
        return History(rows)
    kept = np.ones(len(rows), np.bool_)
    kept[arrival_order(rows)[:-MOST_RECORDS]] = False
    return History(rows[kept], by_hour(rows[~kept]))


def with_record(history: History, own: Records) -> History:
    """A history and one more payment, if it is not among its records yet.

    Args:
        history: of the entity.
        own: the payment's record alone.
    """
    rows = history.rows
    if not len(rows):
        return History(own, history.hours)
    at, number, moments = own["at"][0], own["id"][0], rows["at"]
    if (rows["id"] == number).any():
        return history
    place = int(moments.searchsorted(at, "left"))
    while place < len(rows) and moments[place] == at and rows["id"][place] < number:
        place += 1
    # By hand: np.insert and np.concatenate compare the types of their rows field by field.
    found: Records = np.empty(len(rows) + 1, RECORD)
    found[:place], found[place], found[place + 1 :] = rows[:place], own[0], rows[place:]
    if len(found) <= MOST_RECORDS:
        return History(found, history.hours)
    oldest = _first_to_arrive(found)
    return History(_without(found, oldest), joined(history.hours, by_hour(found[oldest : oldest + 1])))


def _first_to_arrive(rows: Records) -> int:
    taken = rows["taken"]
    first = np.flatnonzero(taken == taken.min())
    return int(first[0] if len(first) == 1 else first[arrival_order(rows[first])[0]])


def _without(rows: Records, place: int) -> Records:
    found: Records = np.empty(len(rows) - 1, RECORD)
    found[:place], found[place:] = rows[:place], rows[place + 1 :]
    return found


def by_hour(rows: Records) -> Hours:
    """Records, sorted by time, as sums by the hour.

    >>> rows = np.zeros(3, RECORD)
    >>> rows["at"], rows["cents"] = (0, 5, HOUR_US), (100, -20, 7)
    >>> by_hour(rows).tolist()
    [(0, 2, 80), (3600000000, 1, 7)]
    """
    if not len(rows):
        return NO_HOURS
    began, first, count = np.unique(rows["at"] // HOUR_US, return_index=True, return_counts=True)
    found = np.empty(len(began), HOUR)
    found["at"], found["count"] = began * HOUR_US, count
    found["cents"] = np.add.reduceat(rows["cents"], first)
    return found


def joined(some: Hours, others: Hours) -> Hours:
    """Sums of two sets of payments that have none in common."""
    if not len(some) or not len(others):
        return others if len(others) else some
    if len(others) == 1:
        # What a payment displaces; an eighth of the time of the general way.
        place = int(some["at"].searchsorted(others["at"][0]))
        if place < len(some) and some["at"][place] == others["at"][0]:
            found = some.copy()
            found["count"][place] += others["count"][0]
            found["cents"][place] += others["cents"][0]
            return found
        return np.insert(some, place, others[0])
    began, places = np.unique(np.concatenate([some["at"], others["at"]]), return_inverse=True)
    found = np.zeros(len(began), HOUR)
    found["at"] = began
    for name in ("count", "cents"):
        np.add.at(found[name], places, np.concatenate([some[name], others[name]]))
    return found
