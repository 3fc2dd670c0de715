"""When people shop: the intensity of a week, and moments drawn from it.

The curve is Brazil's (UTC-3 all year since 2019): quiet at night, a first peak at lunch, the highest in the evening,
Mondays strong, Saturdays weak.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

_LOCAL_OFFSET_S = -3 * 3600
_DAY_S = 86_400
_BUCKET_S = 300.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONDAY_SHIFT_S = 3 * _DAY_S  # 1970-01-01 was a Thursday

_BY_HOUR = (
    0.45, 0.25, 0.15, 0.10, 0.10, 0.15, 0.30, 0.55, 0.80, 1.00, 1.15, 1.30,
    1.50, 1.40, 1.20, 1.15, 1.15, 1.20, 1.30, 1.50, 1.80, 1.90, 1.60, 1.00,
)  # fmt: skip
_BY_WEEKDAY = (1.15, 1.10, 1.05, 1.00, 0.95, 0.80, 0.95)
_MEAN = (sum(_BY_HOUR) / len(_BY_HOUR)) * (sum(_BY_WEEKDAY) / len(_BY_WEEKDAY))


def intensity(epoch_s: float) -> float:
    """How busy the shop is, where 1 is the mean of a week.

    Args:
        epoch_s: seconds since 1970-01-01 UTC.
    """
    local = epoch_s + _LOCAL_OFFSET_S
    hour = local % _DAY_S / 3600
    left, part = int(hour), hour % 1
    of_hour = _BY_HOUR[left] * (1 - part) + _BY_HOUR[(left + 1) % 24] * part
    weekday = int((local + _MONDAY_SHIFT_S) // _DAY_S) % 7
    return of_hour * _BY_WEEKDAY[weekday] / _MEAN


def moments(rng: random.Random, start: datetime, duration: timedelta | None, rate: float) -> Iterator[float]:
    """Ascending times in seconds since 1970, one per event.

    Args:
        rng: where chance comes from.
        start: first possible moment (UTC).
        duration: None goes on for ever.
        rate: events per second. Over a given duration it is the mean, so that exactly `rate * duration` come (rounded);
            without an end it is the mean of a whole week, and the hour makes it more or less.
    """
    begin = (start - _EPOCH).total_seconds()
    end = begin + duration.total_seconds() if duration is not None else float("inf")
    scale = rate
    wanted = round(rate * (end - begin)) if duration is not None else None
    if wanted is not None:
        whole = sum(weight for _, _, weight in _buckets(begin, end))
        scale = wanted / whole if whole else 0.0
    passed, number = 0.0, 0
    following = _jitter(rng)
    for left, length, weight in _buckets(begin, end):
        share = weight * scale
        while following < passed + share:
            if number == wanted:
                return
            yield left + length * (following - passed) / share
            number += 1
            following = number + _jitter(rng)
        passed += share


def _jitter(rng: random.Random) -> float:
    """Place within an event's own slot; far enough below 1 that rounding never loses the last event."""
    return rng.random() * 0.999


def _buckets(begin: float, end: float) -> Iterator[tuple[float, float, float]]:
    """Short stretches of time as (start, length in s, length times intensity)."""
    left = begin
    while left < end:
        length = min(_BUCKET_S - left % _BUCKET_S, end - left)
        yield left, length, length * intensity(left + length / 2)
        left += length
