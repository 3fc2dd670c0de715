"""`python -m acude.payments.notifier`: delivers refusals, reviews and the platform's own alerts to a webhook.

It reads behind the topic, so no decision waits for it. An alert that the webhook does not take becomes a dead letter.
Offsets are committed when each record of a batch is delivered or a dead letter, so a notifier that dies delivers some
alerts twice.
"""

import hmac
import logging
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final, NamedTuple

import orjson
from confluent_kafka import Message as Record
from prometheus_client import Counter, Histogram
from pybreaker import CircuitBreakerError

from acude import logs
from acude.kafka.consumer import AtLeastOnce, GroupConsumer, Runner
from acude.kafka.health import BUCKETS, Health
from acude.kafka.producer import connect, require_topic
from acude.kafka.records import Coordinate, encoded, headers_of
from acude.kafka.service import run_service
from acude.payments import deadletters
from acude.payments.deadletters import Letter
from acude.payments.groups import NOTIFIERS
from acude.payments.serde import ALERTS
from acude.payments.webhook import Message, RefusedError, SilentError, Webhook
from acude.settings import Settings, settings

log = logging.getLogger(__name__)

RISK: Final = "alerta_risco"
OPERATION: Final = "alerta_operacao"
"""Kinds of messages: a record of topic `alertas`, and an alert of Alertmanager's."""

ALERTS_PATH: Final = "/alertas"
"""Where Alertmanager posts."""

_PARALLEL: Final = 8
_ANSWER_WITHIN_S: Final = 30


class Metrics(Health):
    """What the notifier counts."""

    def __init__(self) -> None:
        super().__init__()
        self.alerts = Counter("avisos", "Alerts by what became of them", ["tipo", "resultado"], registry=self.registry)
        for kind in (RISK, OPERATION):
            for result in ("entregue", "morto", "sem_destino", "ilegivel"):
                # From the start: Prometheus sees no increase where a series begins with its first event.
                self.alerts.labels(kind, result)
        self.failures = Counter("avisos_falhas", "Tries that failed", registry=self.registry)
        self.latency = Histogram(
            "avisos_latencia_segundos",
            "From the decision to the webhook's yes",
            buckets=BUCKETS,
            registry=self.registry,
        )


class Alert(NamedTuple):
    """A record of `alertas` that can be delivered."""

    record: Record
    message: Message
    id_transacao: str
    decided_at: datetime


class Notifier(AtLeastOnce[Alert]):
    """Delivers alerts.

    Args:
        config: broker and webhook; without a webhook's address alerts have no recipient.
        stop: ends the tries.
    """

    batch_size = 32

    def __init__(self, config: Settings, stop: threading.Event) -> None:
        self._stop = stop
        self._token = config.alerts_token.get_secret_value()
        self._webhook = Webhook(config) if config.webhook_url else None
        self.health = self.metrics = Metrics()
        self.posts = {ALERTS_PATH: self.take_alerts}
        if self._webhook:
            self.metrics.watch([self._webhook.breaker])
        self._letters = connect(config, "acude-avisos", linger_ms=0)
        self._pool = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="webhook")

    def handle(self, records: Sequence[Record]) -> list[Alert]:
        """The alerts that the records are."""
        alerts = []
        for record in records:
            value = encoded(record.value()) or b""
            fields = orjson.loads(value)
            decided_at = datetime.fromisoformat(fields["timestamp"]).astimezone(UTC)
            message = Message(RISK, value, str(fields["id_rastro"]))
            alerts.append(Alert(record, message, str(fields["id_transacao"]), decided_at))
        return alerts

    def give_up(self, record: Record, problem: Exception) -> list[Alert]:
        """Counts a record that is no alert. The lake keeps it in quarantine."""
        self.metrics.alerts.labels(RISK, "ilegivel").inc()
        return [*super().give_up(record, problem)]

    def store(self, effects: Sequence[Alert]) -> bool:
        """Delivers the alerts, eight at a time."""
        if not self._webhook:
            self.metrics.alerts.labels(RISK, "sem_destino").inc(len(effects))
            return True
        webhook = self._webhook
        return all(self._pool.map(lambda alert: self._delivered(webhook, alert), effects))

    def _delivered(self, webhook: Webhook, alert: Alert) -> bool:
        """Delivers one alert, or makes it a dead letter. False: stopped in between.

        Raises:
            KafkaError: the broker does not take the dead letter; the process ends, and the next one tries again.
        """
        message = alert.message
        about = {logs.TRACE: message.trace, "payment": alert.id_transacao}
        tries = 0

        def failed() -> None:
            nonlocal tries
            tries += 1
            self.metrics.failures.inc()
            self.metrics.beat()

        try:
            tries = webhook.deliver(message, self._stop, failed)
        except (RefusedError, SilentError, CircuitBreakerError) as problem:
            failed()
            refused = isinstance(problem, RefusedError)
            if self._stop.is_set() and not refused:
                return False
            self._bury(alert, deadletters.REFUSED if refused else deadletters.SILENT, _answer(problem), tries)
            log.warning("not delivered", extra=about | {"tries": tries, "answer": _answer(problem)})
            return True
        self.metrics.beat()
        self.metrics.latency.observe(max(0.0, (datetime.now(UTC) - alert.decided_at).total_seconds()))
        self.metrics.alerts.labels(message.kind, "entregue").inc()
        log.info("delivered", extra=about | {"tries": tries, "webhook_id": message.id})
        return True

    def _bury(self, alert: Alert, reason: str, detail: str, tries: int) -> None:
        record = alert.record
        letter = Letter(
            at=Coordinate.of(record),
            reason=reason,
            detail=detail,
            attempts=tries,
            trace=alert.message.trace,
            given_up=datetime.now(UTC),
            key=encoded(record.key()),
            value=encoded(record.value()),
            headers=headers_of(record),
        )
        kept = self._letters.send(deadletters.TOPIC, letter.payload(), letter.key, headers=letter.with_original())
        kept.get(_ANSWER_WITHIN_S)
        self.metrics.alerts.labels(alert.message.kind, "morto").inc()

    def take_alerts(self, headers: Mapping[str, str], body: bytes) -> HTTPStatus:
        """Passes on what Alertmanager posts. Alertmanager tries again where the answer is no success."""
        shown = headers.get("authorization", "").removeprefix("Bearer ")
        if not self._token or not hmac.compare_digest(shown.encode(), self._token.encode()):
            return HTTPStatus.UNAUTHORIZED
        try:
            orjson.loads(body)
        except orjson.JSONDecodeError:
            return HTTPStatus.BAD_REQUEST
        message = Message(OPERATION, body)
        if not self._webhook:
            self.metrics.alerts.labels(message.kind, "sem_destino").inc()
            return HTTPStatus.OK
        try:
            self._webhook.post(message)
        except (RefusedError, SilentError, CircuitBreakerError) as problem:
            self.metrics.failures.inc()
            log.warning("alert not delivered", extra={"answer": _answer(problem)})
            refused = isinstance(problem, RefusedError)
            return HTTPStatus.BAD_GATEWAY if refused else HTTPStatus.SERVICE_UNAVAILABLE
        self.metrics.alerts.labels(message.kind, "entregue").inc()
        log.info("alert delivered", extra={"webhook_id": message.id})
        return HTTPStatus.OK

    def close(self) -> None:
        """Ends the deliveries and closes the connections."""
        self._pool.shutdown()
        if self._webhook:
            self._webhook.close()
        self._letters.close()


def _answer(problem: Exception) -> str:
    """The webhook's last answer, without what was sent."""
    return "breaker open" if isinstance(problem, CircuitBreakerError) else str(problem)


def notifier(config: Settings, stop: threading.Event) -> Runner[Alert]:
    """The notifier of the alerts' topic."""
    for topic in (ALERTS, deadletters.TOPIC):
        require_topic(config, topic)
    return Runner(GroupConsumer(config, NOTIFIERS, ALERTS), Notifier(config, stop), stop)


if __name__ == "__main__":
    run_service("risk-notifier", settings(), settings().risk_notifier_port, notifier)
