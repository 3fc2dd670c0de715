"""One log line per micro-batch: numbers only, no data."""

import logging

from pyspark.sql.streaming.listener import (
    QueryProgressEvent,
    QueryStartedEvent,
    QueryTerminatedEvent,
    StreamingQueryListener,
)

log = logging.getLogger(__name__)


class BatchLog(StreamingQueryListener):
    """Logs each batch that had rows, as `key=value`."""

    def onQueryStarted(self, event: QueryStartedEvent) -> None:  # noqa: N802 - Spark's name
        """Says from which checkpoint it goes on."""
        log.info("query=%s event=started id=%s run=%s", event.name, event.id, event.runId)

    def onQueryProgress(self, event: QueryProgressEvent) -> None:  # noqa: N802 - Spark's name
        """Says rows, seconds and the watermark."""
        progress = event.progress
        if progress.numInputRows:
            log.info(
                "query=%s batch=%d rows=%d seconds=%.2f watermark=%s state_rows=%d",
                progress.name,
                progress.batchId,
                progress.numInputRows,
                progress.batchDuration / 1000,
                progress.eventTime.get("watermark", ""),
                sum(operator.numRowsTotal for operator in progress.stateOperators),
            )

    def onQueryTerminated(self, event: QueryTerminatedEvent) -> None:  # noqa: N802 - Spark's name
        """Says why, where it was a failure."""
        log.info("query_id=%s event=terminated error=%s", event.id, (event.exception or "none").splitlines()[0])
