"""`python -m acude.payments.notifier`: tells a webhook of refusals and reviews, and of the platform's own alerts.

It stands behind the topic, so no decision waits for it. What the webhook does not take becomes a dead letter; offsets
are committed when each record of a batch was told or is one, so a notifier that dies tells some of them twice.
"""

import hmac
import logging
import signal
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

import orjson
from confluent_kafka import Message as Record
from kafka.errors import KafkaError
from prometheus_client import Counter, Histogram
from pybreaker import CircuitBreakerError

from acude import logs
from acude.kafka.producer import connect, require_topic
from acude.payments import deadletters
from acude.payments.deadletters import Letter
from acude.payments.groups import NOTIFIERS
from acude.payments.member import Member
from acude.payments.vitals import BUCKETS, Vitals, serve
from acude.payments.webhook import Message, RefusedError, SilentError, Webhook
from acude.payments.wire import ALERTS, Coordinate, headers_of
from acude.settings import Settings, settings

log = logging.getLogger(__name__)

RISK: Final = "alerta_risco"
OPERATION: Final = "alerta_operacao"
"""What is told: a record of topic `alertas`, or what Alertmanager says."""

ALERTS_PATH: Final = "/alertas"
"""Where Alertmanager posts."""

_BATCH: Final = 32
_LOOK_S: Final = 0.5
_AT_ONCE: Final = 8
_ANSWER_WITHIN_S: Final = 30


class Metrics(Vitals):
    """What the notifier counts."""

    def __init__(self) -> None:
        super().__init__()
        self.told = Counter("avisos", "Alerts by what became of them", ["tipo", "resultado"], registry=self.registry)
        for kind in (RISK, OPERATION):
            for result in ("entregue", "morto", "sem_destino", "ilegivel"):
                # From the start: Prometheus sees no increase where a series begins with its first event.
                self.told.labels(kind, result)
        self.failures = Counter("avisos_falhas", "Tries that failed", registry=self.registry)
        self.latency = Histogram(
            "avisos_latencia_segundos",
            "From the decision to the webhook's yes",
            buckets=BUCKETS,
            registry=self.registry,
        )


class Notifier:
    """Reads alerts and tells them, until told to stop.

    Args:
        config: broker and webhook; without a webhook's address alerts are passed over.
        stop: ends it.
    """

    def __init__(self, config: Settings, stop: threading.Event) -> None:
        for topic in (ALERTS, deadletters.TOPIC):
            require_topic(config, topic)
        self._stop = stop
        self._token = config.alerts_token.get_secret_value()
        self._webhook = Webhook(config) if config.webhook_url else None
        self.metrics = Metrics()
        if self._webhook:
            self.metrics.watch([self._webhook.breaker])
        self._letters = connect(config, "acude-avisos", linger_ms=0)
        self._member = Member(config, NOTIFIERS, ALERTS)
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="webhook")

    def run(self) -> None:
        """Notify until `stop` is set.

        Raises:
            KafkaError: a dead letter could not be kept; the keeper starts another notifier, which tells it again.
        """
        with closing(self._letters), self._pool:
            try:
                while not self._stop.is_set():
                    self._step()
            finally:
                self._member.close()
                if self._webhook:
                    self._webhook.close()

    def _step(self) -> None:
        records = self._member.take(_BATCH, _LOOK_S)
        self.metrics.beat()
        self.metrics.show(self._member)
        # Where it was told to stop in the middle, the next one tells all of the batch.
        if records and all(self._pool.map(self._dealt_with, records)):
            self._member.commit()

    def _dealt_with(self, record: Record) -> bool:
        """Whether a record needs no more: told, or a dead letter."""
        value = record.value() or b""
        alert = _read(value)
        if not self._webhook or not alert:
            self.metrics.told.labels(RISK, "sem_destino" if alert else "ilegivel").inc()
            return True
        about = {logs.TRACE: alert["id_rastro"], "payment": alert["id_transacao"]}
        message = Message(RISK, value, alert["id_rastro"])
        tries = 0

        def failed() -> None:
            nonlocal tries
            tries += 1
            self.metrics.failures.inc()
            self.metrics.beat()

        try:
            tries = self._webhook.deliver(message, self._stop, failed)
        except (RefusedError, SilentError, CircuitBreakerError) as problem:
            failed()
            if self._stop.is_set() and not isinstance(problem, RefusedError):
                return False
            self._bury(record, message, problem, tries)
            log.warning("not told", extra=about | {"tries": tries, "answer": _said(problem)})
            return True
        delay = datetime.now(UTC) - datetime.fromisoformat(alert["timestamp"]).astimezone(UTC)
        self.metrics.latency.observe(max(0.0, delay.total_seconds()))
        self.metrics.told.labels(message.kind, "entregue").inc()
        log.info("told", extra=about | {"tries": tries, "webhook_id": message.id})
        return True

    def _bury(self, record: Record, message: Message, problem: Exception, tries: int) -> None:
        reason = deadletters.REFUSED if isinstance(problem, RefusedError) else deadletters.SILENT
        letter = Letter(
            at=Coordinate.of(record),
            reason=reason,
            detail=_said(problem),
            attempts=tries,
            trace=message.trace,
            given_up=datetime.now(UTC),
            key=record.key(),
            value=record.value(),
            headers=headers_of(record),
        )
        kept = self._letters.send(deadletters.TOPIC, letter.payload(), letter.key, headers=letter.with_original())
        kept.get(_ANSWER_WITHIN_S)
        self.metrics.told.labels(message.kind, "morto").inc()

    def take_alerts(self, headers: Mapping[str, str], body: bytes) -> HTTPStatus:
        """Passes on what Alertmanager posts. It tries again itself where the answer is no success."""
        shown = headers.get("authorization", "").removeprefix("Bearer ")
        if not self._token or not hmac.compare_digest(shown.encode(), self._token.encode()):
            return HTTPStatus.UNAUTHORIZED
        try:
            orjson.loads(body)
        except orjson.JSONDecodeError:
            return HTTPStatus.BAD_REQUEST
        message = Message(OPERATION, body)
        if not self._webhook:
            self.metrics.told.labels(message.kind, "sem_destino").inc()
            return HTTPStatus.OK
        try:
            self._webhook.tell(message)
        except (RefusedError, SilentError, CircuitBreakerError) as problem:
            self.metrics.failures.inc()
            log.warning("alert not told", extra={"answer": _said(problem)})
            refused = isinstance(problem, RefusedError)
            return HTTPStatus.BAD_GATEWAY if refused else HTTPStatus.SERVICE_UNAVAILABLE
        self.metrics.told.labels(message.kind, "entregue").inc()
        log.info("alert told", extra={"webhook_id": message.id})
        return HTTPStatus.OK


def _read(value: bytes) -> dict[str, str] | None:
    """What an alert is about; None for a record that is no alert, which the lake keeps in quarantine."""
    try:
        fields = orjson.loads(value)
        datetime.fromisoformat(fields["timestamp"])
        return {name: str(fields[name]) for name in ("id_transacao", "id_rastro", "timestamp")}
    except (ValueError, TypeError, KeyError):
        return None


def _said(problem: Exception) -> str:
    """The last answer, without what was sent."""
    return "breaker open" if isinstance(problem, CircuitBreakerError) else str(problem)


def main() -> None:
    """The notifier's process."""
    config = settings()
    logs.configure("risk-notifier", config.log_level)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    notifier = Notifier(config, stop)
    serve(notifier.metrics, config.risk_notifier_port, {ALERTS_PATH: notifier.take_alerts})
    try:
        notifier.run()
    except KafkaError as problem:
        log.critical("ended by the broker", extra={"answer": type(problem).__name__})
        raise SystemExit(1) from problem


if __name__ == "__main__":
    main()
