"""UTC days: which can be asked for (a later one would be published before its data exist), and when they begin."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from acude.errors import WRONG_USE, AcudeError

FIRST: Final = date(1970, 1, 1)
"""No file and no record is older; the days before it are too near the calendar's beginning to reckon back from."""


class DayError(AcudeError):
    """A day on which nothing can have happened."""

    exit_code = WRONG_USE


def require_days(*days: date, today: date | None = None) -> None:
    """Refuses a day of the future, and one before `FIRST`.

    Args:
        days: UTC days.
        today: the last day that has begun; the clock's unless given.

    Raises:
        DayError: names the day and the last one that can be asked for.
    """
    today = today or datetime.now(UTC).date()
    for day in days:
        if day > today:
            raise DayError(f"{day} is a day of the future; the last that has begun is {today} (UTC).")
        if day < FIRST:
            raise DayError(f"Days begin with {FIRST}, found {day}.")


def midnight(day: date, later: int = 0) -> datetime:
    """When a UTC day begins, or one that many days later.

    >>> midnight(date(2026, 11, 30), 1).isoformat()
    '2026-12-01T00:00:00+00:00'
    """
    return datetime.combine(day + timedelta(days=later), time(), UTC)
