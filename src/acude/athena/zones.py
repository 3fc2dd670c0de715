"""Time zone names that both the engine and Java know."""

import re
from functools import cache
from zoneinfo import available_timezones

from acude.athena.errors import Place, fail

_OFFSET = re.compile(r"([+-])(\d{1,2})(?::?(\d{2}))?")
_MOST_HOURS = 14


@cache
def _regions() -> frozenset[str]:
    return frozenset(available_timezones())


def known_zone(text: str, place: Place | None = None) -> str:
    """The zone as Trino shows it: a region, ``UTC`` or ``±HH:MM``.

    Raises:
        QueryError: INVALID_FUNCTION_ARGUMENT for a name that is no zone.
    """
    if text.upper() in {"UTC", "Z", "GMT", "UT", "+00:00", "-00:00"}:
        return "UTC"
    match = _OFFSET.fullmatch(text)
    if match and int(match[2]) <= _MOST_HOURS and int(match[3] or 0) < 60:  # noqa: PLR2004
        return f"{match[1]}{int(match[2]):02d}:{match[3] or '00'}"
    if text in _regions() and "/" in text:
        return text
    return fail("INVALID_FUNCTION_ARGUMENT", f"'{text}' is not a valid time zone", place)
