"""Which of the records that were refused or given up a person means."""

from dataclasses import dataclass
from datetime import date

from acude.kafka.records import Coordinate


@dataclass(frozen=True)
class Filter:
    """Which records are meant; what is None is not asked.

    Attributes:
        motivo: why the record was refused or given up.
        topico: the topic on which it came.
        first, last: UTC days, both included: when the broker took it, or when it was given up.
        at: this record alone.
    """

    motivo: str | None = None
    topico: str | None = None
    first: date | None = None
    last: date | None = None
    at: Coordinate | None = None
