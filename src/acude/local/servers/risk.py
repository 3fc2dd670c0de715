"""The payments' services: workers, recorder, notifier, payment API and issuer."""

import json
import sys
from dataclasses import replace
from typing import Final

from kafka import KafkaAdminClient

from acude.files import write_private
from acude.kafka import brokers
from acude.local.probe import answers
from acude.local.service import Service, nothing
from acude.payments.groups import RECORDERS
from acude.payments.routes import own_ways, ways_of_paying
from acude.settings import Settings

TARGETS: Final = "prometheus-workers.json"
"""In `var`: the workers of single ways of paying, as Prometheus reads its targets from a file."""


def worker(config: Settings) -> Service:
    """One worker; to scale out, start more (`python -m acude.payments.worker`)."""
    return Service(
        name="risk-worker",
        kafka_user="risk-worker",
        purpose="decides each payment within two seconds",
        command=[sys.executable, "-m", "acude.payments.worker"],
        ready=answers(health := f"http://{config.here}:{config.risk_metrics_port}/pronta"),
        health=health,
        prepare=write_targets,
        address=f"http://{config.here}:{config.risk_metrics_port}/metrics",
        ports=[(config.risk_metrics_port, "risk_metrics_port")],
        after=("kafka", "valkey", "blacklist", "postgres", "s3"),
    )


def own_workers(config: Settings) -> list[Service]:
    """One worker for each way of paying that has a topic of its own."""
    return [_own_worker(config, way) for way in own_ways(config)]


def write_targets(config: Settings) -> None:
    """Writes where Prometheus finds those workers: each is a job of its own, under its name."""
    found = [
        {"targets": [f"{config.here}:{port}"], "labels": {"job": own.name}}
        for own in own_workers(config)
        for port, _ in own.ports
    ]
    write_private(config.var / TARGETS, json.dumps(found, indent=2))


def _own_worker(config: Settings, way: str) -> Service:
    port = config.risk_groups_port + ways_of_paying().index(way)
    usual = worker(config)
    return replace(
        usual,
        prepare=nothing,
        name=f"{usual.name}-{way}",
        purpose=f"decides payments by {way}",
        command=[*usual.command, "--way", way],
        environment={"ACUDE_RISK_METRICS_PORT": str(port)},
        ready=answers(health := f"http://{config.here}:{port}/pronta"),
        health=health,
        address=f"http://{config.here}:{port}/metrics",
        ports=[(port, "risk_groups_port")],
    )


def recorder(config: Settings) -> Service:
    """Stores decisions in the database."""
    return Service(
        name="risk-recorder",
        kafka_user="risk-recorder",
        purpose="decisions from their topic to PostgreSQL",
        command=[sys.executable, "-m", "acude.payments.recorder"],
        ready=lambda config: _group_stable(config, RECORDERS),
        health=f"http://{config.here}:{config.risk_recorder_port}/pronta",
        address=f"database risco on {config.here}:{config.postgres_port}",
        login="DSN in var/local.env",
        ports=[(config.risk_recorder_port, "risk_recorder_port")],
        after=("kafka", "postgres"),
    )


def notifier(config: Settings) -> Service:
    """Delivers alerts to the webhook."""
    return Service(
        name="risk-notifier",
        kafka_user="risk-notifier",
        purpose="refusals and reviews to the webhook",
        command=[sys.executable, "-m", "acude.payments.notifier"],
        ready=answers(health := f"http://{config.here}:{config.risk_notifier_port}/pronta"),
        health=health,
        prepare=_write_token,
        address=f"http://{config.here}:{config.risk_notifier_port}/metrics",
        ports=[(config.risk_notifier_port, "risk_notifier_port")],
        after=("kafka", "webhook-receiver"),
    )


def _write_token(config: Settings) -> None:
    """Writes the token that Alertmanager sends to the notifier."""
    write_private(config.var / "alertmanager.token", config.alerts_token.get_secret_value())


def payment_api(config: Settings) -> Service:
    """The payment API."""
    return Service(
        name="risk-api",
        kafka_user="risk-api",
        purpose="POST /transacoes: a payment's decision over HTTP",
        command=[sys.executable, "-m", "acude.api"],
        ready=answers(health := f"{_scheme(config)}://{config.here}:{config.risk_port}/saude/pronta"),
        health=health,
        address=f"{config.risk_url}/docs",
        login=f"client {config.risk_client_id}; its secret in var/local.env",
        ports=[(config.risk_port, "risk_port"), (config.risk_api_metrics_port, "risk_api_metrics_port")],
        after=("kafka", "valkey", "postgres", "issuer", "risk-recorder"),
    )


def issuer(config: Settings) -> Service:
    """Issues tokens on one machine."""
    return Service(
        name="issuer",
        purpose="OAuth2 tokens for the payment API",
        command=[sys.executable, "-m", "acude.api.issuer"],
        ready=answers(health := f"{_scheme(config)}://{config.here}:{config.issuer_port}/jwks.json"),
        health=health,
        address=config.oauth_token_url,
        ports=[(config.issuer_port, "issuer_port")],
    )


def _scheme(config: Settings) -> str:
    return "https" if config.tls_certificate else "http"


def _group_stable(config: Settings, name: str) -> None:
    """Asks the broker whether a consumer group has its partitions."""
    client = KafkaAdminClient(**brokers.kafka_python(config), request_timeout_ms=3000, bootstrap_timeout_ms=3000)
    try:
        state = client.describe_groups([name])[name]["group_state"]
    finally:
        client.close()
    if state != "Stable":
        raise ConnectionError(f"consumer group {name} is {state}, not Stable yet")
