"""What the streams' driver says of its queries: a log line per micro-batch, and metrics. Numbers only, no data."""

import logging
import time
from collections.abc import Iterable
from functools import partial
from typing import Final

from prometheus_client import Gauge
from pyspark.sql.streaming.listener import (
    QueryIdleEvent,
    QueryProgressEvent,
    QueryStartedEvent,
    QueryTerminatedEvent,
    StreamingQueryListener,
)

from acude.kafka.health import Health

log = logging.getLogger(__name__)

_ADVANCED: Final[dict[str, float]] = {}
"""When each query of this process last finished a batch, or found nothing to do; seconds since 1970, by name."""

_KNOWN_IDS: Final[dict[str, float]] = {}
"""What was said last of the index of known ids, by metric."""


def tell_known_ids(since: float, ids: int, size: int) -> None:
    """What the metrics show of the index of known ids.

    Args:
        since: repeats are found of what landed later, seconds since 1970.
        ids: how many are known.
        size: bytes of memory that they take.
    """
    _KNOWN_IDS.update(
        fluxos_repeticoes_desde_segundos=since, fluxos_ids_conhecidos=ids, fluxos_ids_conhecidos_bytes=size
    )


class StreamMetrics(Health):
    """The driver's metrics and heartbeat.

    Args:
        names: the queries'.
    """

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__()
        self._names = list(names)
        began = time.time()
        advanced = Gauge(
            "fluxos_avanco_segundos",
            "When a query last finished a batch or found nothing to do, seconds since 1970",
            ["consulta"],
            registry=self.registry,
        )
        for name in self._names:
            advanced.labels(name).set_function(partial(_last, name, began))
        for metric, text in (
            ("fluxos_repeticoes_desde_segundos", "Repeats are found of events that landed later, seconds since 1970"),
            ("fluxos_ids_conhecidos", "Event ids that are known"),
            ("fluxos_ids_conhecidos_bytes", "Memory that the known event ids take between batches"),
        ):
            Gauge(metric, text, registry=self.registry).set_function(partial(_told, metric))

    def look(self) -> bool:
        """Another round of the driver's loop; whether each query has got through a batch in this process."""
        self.beat()
        self.ready = _ADVANCED.keys() >= set(self._names)
        return self.ready


def _told(metric: str) -> float:
    return _KNOWN_IDS.get(metric, 0.0)


def _last(name: str, began: float) -> float:
    return _ADVANCED.get(name, began)


class BatchLog(StreamingQueryListener):
    """Logs each batch that had rows, as `key=value`, and notes that its query advances."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def onQueryStarted(self, event: QueryStartedEvent) -> None:  # noqa: N802 - Spark's name
        """Says from which checkpoint it goes on."""
        self._names[str(event.runId)] = event.name or ""
        log.info("query=%s event=started id=%s run=%s", event.name, event.id, event.runId)

    def onQueryProgress(self, event: QueryProgressEvent) -> None:  # noqa: N802 - Spark's name
        """Says rows, seconds and the watermark."""
        progress = event.progress
        _ADVANCED[progress.name or ""] = time.time()
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

    def onQueryIdle(self, event: QueryIdleEvent) -> None:  # noqa: N802 - Spark's name
        """Nothing to do is as good as a batch."""
        _ADVANCED[self._names.get(str(event.runId), "")] = time.time()

    def onQueryTerminated(self, event: QueryTerminatedEvent) -> None:  # noqa: N802 - Spark's name
        """Says why, where it was a failure."""
        log.info("query_id=%s event=terminated error=%s", event.id, (event.exception or "none").splitlines()[0])
