"""`python -m acude.payments.recorder`: stores the decisions of their topic in the database.

It runs beside the workers, not between them and their answers: while the database is away, decisions go on, and are
stored when it is back. The first decision on a payment stands, so storing a record twice changes nothing.
"""

import logging
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from confluent_kafka import Message
from prometheus_client import Counter, Histogram
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_when_event_set, wait_random_exponential

from acude import logs
from acude.kafka.consumer import AtLeastOnce, GroupConsumer, Runner
from acude.kafka.health import BUCKETS, Health
from acude.kafka.producer import require_topic
from acude.kafka.service import run_service
from acude.payments import deadletters
from acude.payments.deadletters import KafkaLetterBox
from acude.payments.groups import RECORDERS
from acude.payments.serde import DECISIONS, decision_in, decision_of
from acude.payments.store import AWAY, UNFIT, Row, Store
from acude.settings import Settings, settings

log = logging.getLogger(__name__)


class Metrics(Health):
    """What the recorder counts."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = Counter("registro_linhas", "Decisions new to the database", registry=self.registry)
        self.failures = Counter("registro_falhas", "Tries that the database did not answer", registry=self.registry)
        self.batch = Histogram(
            "registro_lote_segundos", "A batch's way into the database", buckets=BUCKETS, registry=self.registry
        )


class Decided(NamedTuple):
    """A decision's record and its row."""

    record: Message
    row: Row


class Recorder(AtLeastOnce[Decided]):
    """Stores decisions as rows. What is no decision, or fits no row, is a dead letter.

    Args:
        config: names the database.
        stop: ends the retries while the database is away.
        letters: takes the dead letters.
    """

    letters: KafkaLetterBox

    batch_size = 2_000

    def __init__(self, config: Settings, stop: threading.Event, letters: KafkaLetterBox) -> None:
        self.health = self.metrics = Metrics()
        self.letters = letters
        self._store = Store(config)
        self._patiently = Retrying(
            retry=retry_if_exception_type(AWAY),
            wait=wait_random_exponential(multiplier=0.2, max=5),
            stop=stop_when_event_set(stop),
            before_sleep=self._failed,
            reraise=True,
        )

    def start(self) -> None:
        """Creates what is missing of the schema."""
        try:
            self._patiently(self._store.prepare)
        except AWAY:
            # Retries end when the process stops, and at no other time.
            log.warning("stopped before the database answered")

    def handle(self, records: Sequence[Message]) -> list[Decided]:
        """The decisions as rows."""
        return [Decided(record, _row(decision_in(record))) for record in records]

    def store(self, effects: Sequence[Decided]) -> bool:
        """Stores the rows, and tries again while the database is away. A row that it can't hold is a dead letter.

        Raises:
            psycopg.Error: the database refuses for a reason that lies in no row.
        """
        try:
            return self._stored([one.row for one in effects])
        except UNFIT:
            log.warning("the batch failed; its decisions are stored one by one")
        return all(self._stored_or_kept(one) for one in effects)

    def _stored_or_kept(self, decided: Decided) -> bool:
        self.metrics.beat()
        row = decided.row
        try:
            return self._stored([row])
        except UNFIT as problem:
            # The kind alone: a message may quote the row.
            kind = type(problem).__name__
            about = {logs.TRACE: row["id_rastro"], "payment": row["id_transacao"], "kind": kind}
            log.error("the decision fits no row and is a dead letter", extra=about)  # noqa: TRY400 - the same
            self.metrics.unreadable.inc()
            self.letters.put(decided.record, deadletters.UNFIT, kind, trace=row["id_rastro"])
            return True

    def _stored(self, rows: Sequence[Row]) -> bool:
        """Stores the rows, all or none. False: stopped before the database answered."""
        try:
            self.metrics.rows.inc(self._patiently(self._store.add, rows))
        except AWAY:
            return False
        return True

    def _failed(self, attempt: RetryCallState) -> None:
        problem = attempt.outcome.exception() if attempt.outcome else None
        self.metrics.beat()
        self.metrics.failures.inc()
        log.warning("the database does not answer", extra={"kind": type(problem).__name__})

    def close(self) -> None:
        """Closes the connections."""
        super().close()
        self._store.close()


def row_of(payload: bytes, taken_at: datetime) -> Row:
    """A record of `decisoes_risco` as a row of the database.

    Args:
        payload: the record's value.
        taken_at: the broker's timestamp, UTC.

    Raises:
        Refused: it is no decision; says why.
    """
    return _row(decision_of(payload, taken_at))


def _row(fields: dict[str, Any]) -> Row:
    return fields | {"decidida_em": fields["timestamp"]}


def recorder(config: Settings, stop: threading.Event) -> Runner[Decided]:
    """The recorder of the decisions' topic."""
    for topic in (DECISIONS, deadletters.TOPIC):
        require_topic(config, topic)
    strategy = Recorder(config, stop, KafkaLetterBox(config, "acude-registro"))
    return Runner(GroupConsumer(config, RECORDERS, DECISIONS), strategy, stop)


if __name__ == "__main__":
    run_service("risk-recorder", settings(), settings().risk_recorder_port, recorder)
