"""Days and moments as the commands take them, and how they are refused."""

from datetime import UTC, date, datetime
from typing import Any, Final

import typer

_MOMENTS: Final = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S")


def day_option(flag: str, meaning: str) -> Any:  # noqa: ANN401 - typer's own
    """An option that takes a UTC day."""
    return typer.Option(flag, parser=_day, metavar="YYYY-MM-DD", help=meaning)


def moment_option(flag: str, meaning: str) -> Any:  # noqa: ANN401 - typer's own
    """An option that takes a moment (UTC); a day alone is its midnight."""
    return typer.Option(flag, parser=_moment, metavar="YYYY-MM-DD[THH:MM:SS]", help=meaning)


def require_order(first: date | None, last: date | None) -> None:
    """Refuses a span that ends before it begins; datetimes are compared to the second."""
    if first and last and first > last:
        raise typer.BadParameter(f"--from {first} lies behind --to {last}; give the earlier one first")


def _day(text: str) -> date:
    found = _read(text, *_MOMENTS[:1])
    if not found:
        raise typer.BadParameter(f"{text!r} is no day of the calendar; write YYYY-MM-DD, for example 2026-11-30")
    return found.date()


def _moment(text: str) -> datetime:
    found = _read(text, *_MOMENTS)
    if not found:
        raise typer.BadParameter(
            f"{text!r} is no moment; write YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS (UTC), for example 2026-11-30T08:00:00"
        )
    return found


def _read(text: str, *formats: str) -> datetime | None:
    for one in formats:
        try:
            return datetime.strptime(text, one).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None
