"""Which of the records that were refused or given up a person means."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from acude.kafka.records import Coordinate


@dataclass(frozen=True)
class RecordFilter:
    """Which records are meant; what is None is not asked.

    Attributes:
        reason: why the record was refused or given up.
        topic: the topic on which it came.
        first, last: UTC days, both included: when the broker took it, or when it was given up.
        at: this record alone.
    """

    reason: str | None = None
    topic: str | None = None
    first: date | None = None
    last: date | None = None
    at: Coordinate | None = None

    def require_reason(self, known: Sequence[str]) -> None:
        """Refuses a reason that no record can have.

        Raises:
            ValueError: it says which reasons there are.
        """
        if self.reason is not None and self.reason not in known:
            raise ValueError(f"there is no reason {self.reason!r}; reasons are {', '.join(known)}")
