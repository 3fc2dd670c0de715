"""An event-time window as one value, so that size and lateness stand together where it is used."""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as f


@dataclass(frozen=True)
class Window:
    """Windows of one length over a stream of silver rows.

    The broker's timestamp decides what is late, never the stream's progress. So the same rows count however the
    stream was cut into batches, after an outage, and when it begins again after a lost checkpoint. The watermark only
    says when a window's state may be forgotten; it follows later, because partitions are read side by side.

    Attributes:
        on: event-time column.
        size: length of a window, as Spark writes intervals: `1 minute`.
        late: a row that the broker took longer than this after its event time doesn't count.
        kept: the watermark's delay, longer than `late`.
        ahead: a row whose event time lies further than this after the broker's timestamp doesn't count: one wrong clock
            would move the watermark past all other rows.
        taken: column with the broker's timestamp.
    """

    on: str
    size: str
    late: str
    kept: str
    ahead: str = "1 minute"
    taken: str = "carimbo_kafka"

    def punctual(self, rows: DataFrame) -> DataFrame:
        """The rows that count, with the watermark set."""
        late = f.col(self.taken) > f.col(self.on) + f.expr(f"INTERVAL {self.late}")
        ahead = f.col(self.on) > f.col(self.taken) + f.expr(f"INTERVAL {self.ahead}")
        return rows.where(~late & ~ahead).withWatermark(self.on, self.kept)

    @property
    def column(self) -> Column:
        """The window of a row: a struct of `start` and `end`, UTC; the end is not in it."""
        return f.window(self.on, self.size)
