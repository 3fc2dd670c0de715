"""`python -m acude.payments.recorder`: takes decisions from their topic to the database.

It stands beside the workers, not between them and their answers: while the database is away decisions go on, and are
written when it is back. What is written twice is kept once.
"""

import logging
import signal
import threading
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import orjson
from prometheus_client import Counter, Histogram
from psycopg import Error, OperationalError
from psycopg_pool import PoolTimeout
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_when_event_set, wait_random_exponential

from acude import logs
from acude.kafka.producer import require_topic
from acude.payments.groups import RECORDERS
from acude.payments.member import Member
from acude.payments.store import Row, Store
from acude.payments.vitals import BUCKETS, Vitals, serve
from acude.payments.wire import DECISIONS
from acude.settings import Settings, settings

log = logging.getLogger(__name__)

_BATCH: Final = 2_000
_LOOK_S: Final = 0.5


class Metrics(Vitals):
    """What the recorder counts."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = Counter("registro_linhas", "Decisions new to the database", registry=self.registry)
        self.failures = Counter("registro_falhas", "Tries that the database did not answer", registry=self.registry)
        self.batch = Histogram(
            "registro_lote_segundos", "A batch's way into the database", buckets=BUCKETS, registry=self.registry
        )


class Recorder:
    """Reads decisions and writes rows, until told to stop."""

    def __init__(self, config: Settings, stop: threading.Event) -> None:
        require_topic(config, DECISIONS)
        self._stop = stop
        self._store = Store(config)
        self._member = Member(config, RECORDERS, DECISIONS)
        self._patiently = Retrying(
            retry=retry_if_exception_type((OperationalError, PoolTimeout)),
            wait=wait_random_exponential(multiplier=0.2, max=5),
            stop=stop_when_event_set(stop),
            before_sleep=self._failed,
            reraise=True,
        )
        self.metrics = Metrics()

    def run(self) -> None:
        """Record until `stop` is set."""
        try:
            self._patiently(self._store.prepare)
            while not self._stop.is_set():
                records = self._member.take(_BATCH, _LOOK_S)
                self.metrics.beat()
                self.metrics.show(self._member)
                if rows := [row_of(payload) for record in records if (payload := record.value())]:
                    with self.metrics.batch.time():
                        self.metrics.rows.inc(self._patiently(self._store.add, rows))
                    self._member.commit()
        finally:
            self._member.close()
            self._store.close()

    def _failed(self, attempt: RetryCallState) -> None:
        problem = attempt.outcome.exception() if attempt.outcome else None
        self.metrics.beat()
        self.metrics.failures.inc()
        log.warning("the database does not answer", extra={"kind": type(problem).__name__})


def row_of(payload: bytes) -> Row:
    """A record of `decisoes_risco` as a row of the database."""
    fields: dict[str, Any] = orjson.loads(payload)
    moments = {name: datetime.fromisoformat(fields[name]) for name in ("timestamp", "transacao_em")}
    valor = Decimal(str(fields["valor"])).quantize(Decimal("0.01"))
    return fields | moments | {"decidida_em": moments["timestamp"].astimezone(UTC), "valor": valor}


def main() -> None:
    """The recorder's process."""
    config = settings()
    logs.configure("risk-recorder", config.log_level)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    recorder = Recorder(config, stop)
    serve(recorder.metrics, config.risk_recorder_port)
    try:
        recorder.run()
    except Error as problem:
        log.critical("the database refuses a decision", extra={"kind": type(problem).__name__})
        raise SystemExit(1) from problem


if __name__ == "__main__":
    main()
