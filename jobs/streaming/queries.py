"""The streaming queries. This list names them: the driver, the lag check and the documentation ask it."""

from collections.abc import Callable
from typing import NamedTuple

from pyspark.sql.streaming.query import StreamingQuery

from acude.contracts.model import load
from acude.ingestion import checkpoint
from jobs.streaming import ingest, measure, payments, stock


class Query(NamedTuple):
    """One streaming query.

    Attributes:
        start: Starts it on a Spark session for the holder of the lease; `available_now=True` makes it end when it has
            caught up.
        checkpoint: Its folder in the lake's bucket.
        sources: The silver tables that it reads, in the order of its checkpoint; none where it reads the topics.
    """

    start: Callable[..., StreamingQuery]
    checkpoint: str
    sources: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name in Spark and in the log."""
        return self.checkpoint.rpartition("/")[2]


INGEST = Query(ingest.start, checkpoint.FOLDER)

QUERIES = (
    INGEST,
    Query(measure.start, measure.CHECKPOINT, (measure.SOURCE,)),
    Query(stock.start, stock.CHECKPOINT, (stock.SOURCE,)),
    Query(payments.start, payments.CHECKPOINT, (payments.SOURCE, payments.DECISIONS)),
)
"""In the order in which they start."""


def active() -> list[Query]:
    """The queries whose tables have a contract here."""
    return [query for query in QUERIES if load().keys() >= set(query.sources)]
