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
from functools import cache
from http import HTTPStatus
from typing import Final, NamedTuple

import orjson
from confluent_kafka import Message as Record
from prometheus_client import Counter, Histogram
from pybreaker import CircuitBreakerError

from acude import logs
from acude.contracts.decoder import Decoder
from acude.contracts.model import table
from acude.kafka.consumer import AtLeastOnce, GroupConsumer, Runner
from acude.kafka.health import BUCKETS, Health
from acude.kafka.producer import require_topic
from acude.kafka.records import encoded
from acude.kafka.service import run_service
from acude.payments import deadletters
from acude.payments.deadletters import KafkaLetterBox
from acude.payments.groups import NOTIFIERS
from acude.payments.serde import ALERTS
from acude.payments.webhook import OPERATION, RISK, Message, RefusedError, SilentError, Webhook
from acude.settings import Settings, settings

log = logging.getLogger(__name__)

ALERTS_PATH: Final = "/alertas"
"""Where Alertmanager posts."""

_PARALLEL: Final = 8


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
        letters: takes the dead letters.
    """

    batch_size = 32
    letters: KafkaLetterBox

    def __init__(self, config: Settings, stop: threading.Event, letters: KafkaLetterBox) -> None:
        self._stop = stop
        self.letters = letters
        self._token = config.alerts_token.get_secret_value()
        self._webhook = Webhook(config) if config.webhook_url else None
        self.health = self.metrics = Metrics()
        self.posts = {ALERTS_PATH: self.take_alerts}
        if self._webhook:
            self.metrics.watch([self._webhook.breaker])
            self.metrics.need(self._webhook.thread)
        self._pool = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="webhook")

    def handle(self, records: Sequence[Record]) -> list[Alert]:
        """The alerts that the records are, read as strictly as the lake does."""
        return [_alert(record) for record in records]

    def give_up(self, record: Record, problem: Exception) -> list[Alert]:
        """Counts a record that is no alert; it is a dead letter."""
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
        """Delivers one alert, or makes it a dead letter. False: stopped in between."""
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
            reason = deadletters.REFUSED if refused else deadletters.SILENT
            self.letters.put(alert.record, reason, _answer(problem), tries, message.trace)
            self.metrics.alerts.labels(message.kind, "morto").inc()
            log.warning("not delivered", extra=about | {"tries": tries, "answer": _answer(problem)})
            return True
        self.metrics.beat()
        self.metrics.latency.observe(max(0.0, (datetime.now(UTC) - alert.decided_at).total_seconds()))
        self.metrics.alerts.labels(message.kind, "entregue").inc()
        log.info("delivered", extra=about | {"tries": tries, "webhook_id": message.id})
        return True

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
        self.metrics.release()
        self._pool.shutdown()
        super().close()
        if self._webhook:
            self._webhook.close()


def _alert(record: Record) -> Alert:
    value = encoded(record.value()) or b""
    fields = _decoder().one(value, datetime.fromtimestamp(record.timestamp()[1] / 1000, UTC))
    return Alert(record, Message(RISK, value, fields["id_rastro"]), fields["id_transacao"], fields["timestamp"])


@cache
def _decoder() -> Decoder:
    return Decoder(table(f"topics.{ALERTS}"))


def _answer(problem: Exception) -> str:
    """The webhook's last answer, without what was sent."""
    return "breaker open" if isinstance(problem, CircuitBreakerError) else str(problem)


def notifier(config: Settings, stop: threading.Event) -> Runner[Alert]:
    """The notifier of the alerts' topic."""
    for topic in (ALERTS, deadletters.TOPIC):
        require_topic(config, topic)
    strategy = Notifier(config, stop, KafkaLetterBox(config, "acude-avisos"))
    return Runner(GroupConsumer(config, NOTIFIERS, ALERTS), strategy, stop)


if __name__ == "__main__":
    run_service("risk-notifier", settings(), settings().risk_notifier_port, notifier)
