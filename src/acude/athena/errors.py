"""Why a query was not answered, in Athena's words."""

from dataclasses import dataclass
from typing import NoReturn

LOCAL_REASON = "is not available on the local Athena endpoint; it may work on AWS"


@dataclass
class QueryError(Exception):
    """A refusal or failure of one query.

    Attributes:
        name: Trino's error name, for instance ``TYPE_MISMATCH``.
        message: One sentence.
        line: Line of the SQL text, from 1; 0 where the error has no place.
        column: Column of the SQL text, from 1.
    """

    name: str
    message: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Athena's StateChangeReason."""
        place = f"line {self.line}:{self.column}: " if self.line else ""
        return f"{self.name}: {place}{self.message}"

    @property
    def category(self) -> int:
        """Athena's ErrorCategory: 1 system, 2 user."""
        return 1 if self.name in {"INTERNAL_ERROR", "GENERIC_INTERNAL_ERROR"} else 2


@dataclass(frozen=True)
class Place:
    """Where something stands in the SQL text."""

    line: int = 0
    column: int = 0


def fail(name: str, message: str, place: Place | None = None) -> NoReturn:
    """Raises a QueryError at that place."""
    raise QueryError(name, message, place.line if place else 0, place.column if place else 0)


def unsupported(what: str, place: Place | None = None) -> NoReturn:
    """Refuses what Athena may answer but this endpoint cannot answer exactly."""
    fail("NOT_SUPPORTED", f"{what} {LOCAL_REASON}", place)
