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
from kafka import KafkaConsumer
from psycopg import Error, OperationalError
from psycopg_pool import PoolTimeout
from tenacity import Retrying, before_sleep_log, retry_if_exception_type, stop_when_event_set, wait_random_exponential

from acude.ingress.producer import require_topic
from acude.payments.groups import RECORDERS
from acude.payments.store import Row, Store
from acude.payments.wire import DECISIONS
from acude.settings import Settings, settings

log = logging.getLogger(__name__)

_BATCH: Final = 2_000


class Recorder:
    """Reads decisions and writes rows, until told to stop."""

    def __init__(self, config: Settings, stop: threading.Event) -> None:
        require_topic(config.kafka_bootstrap, DECISIONS)
        self._stop = stop
        self._store = Store(config)
        self._consumer = KafkaConsumer(
            DECISIONS,
            bootstrap_servers=config.kafka_bootstrap.split(","),
            group_id=RECORDERS,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_poll_records=_BATCH,
        )
        self._patiently = Retrying(
            retry=retry_if_exception_type((OperationalError, PoolTimeout)),
            wait=wait_random_exponential(multiplier=0.2, max=5),
            stop=stop_when_event_set(stop),
            before_sleep=before_sleep_log(log, logging.WARNING),
            reraise=True,
        )

    def run(self) -> None:
        """Record until `stop` is set."""
        try:
            self._patiently(self._store.prepare)
            while not self._stop.is_set():
                polled = self._consumer.poll(timeout_ms=500)
                rows = [row_of(record.value) for part in polled.values() for record in part]
                if rows:
                    self._patiently(self._store.add, rows)
                    self._consumer.commit()
        finally:
            self._consumer.close(autocommit=False)
            self._store.close()


def row_of(payload: bytes) -> Row:
    """A record of `decisoes_risco` as a row of the database."""
    fields: dict[str, Any] = orjson.loads(payload)
    moments = {name: datetime.fromisoformat(fields[name]) for name in ("timestamp", "transacao_em")}
    valor = Decimal(str(fields["valor"])).quantize(Decimal("0.01"))
    return fields | moments | {"decidida_em": moments["timestamp"].astimezone(UTC), "valor": valor}


def main() -> None:
    """The recorder's process."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        Recorder(settings(), stop).run()
    except Error as problem:
        log.critical("the database refuses a decision: %s", type(problem).__name__)
        raise SystemExit(1) from problem


if __name__ == "__main__":
    main()
