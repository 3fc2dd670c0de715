"""Alerts of Airflow's: kept in the lake, delivered to the webhook once, and again where it was away."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from acude.aws import keys, objects
from acude.local.platform import Platform
from acude.orchestration import alerts
from acude.simulator.receiver import Mode
from tests.integration.payments.conftest import behave


def delivered(url: str, run: str) -> list[Any]:
    """What the receiver took about a run: how often, and the alert."""
    found = [one for one in httpx.get(f"{url}/recebidos").json() if one["tipo"] == "alerta_operacao"]
    all_ = [(one["vezes"], alert) for one in found for alert in one["dados"]["alerts"]]
    return [(times, alert) for times, alert in all_ if alert["labels"].get("run") == run]


def raised(run: str) -> alerts.Alert:
    return alerts.send("falhou", "vendas_diarias", run, "of 529.982.247-25", task_id="refinar")


def test_an_alert_is_kept_and_delivered_once_without_documents(platform: Platform, receiver: str) -> None:
    run = f"r-{uuid4()}"
    alert = raised(run)
    ((times, found),) = delivered(receiver, run)
    assert times == 1
    assert found["labels"] == {"alertname": "falhou", "dag": "vendas_diarias", "run": run, "task": "refinar"}
    assert "529.982.247-25" not in found["annotations"]["summary"]
    bucket = platform.config.lake_bucket
    assert [one["Key"] for one in objects(bucket, alert.key)] == [alert.key]
    assert list(keys(bucket, alert.waiting_key)) == []


@pytest.mark.parametrize(("mode", "later"), [(Mode.BROKEN, 1), (Mode.GONE, 0)])
def test_what_the_webhook_does_not_take_waits_and_is_delivered_once_unless_it_is_refused_for_good(
    platform: Platform, receiver: str, monkeypatch: pytest.MonkeyPatch, mode: Mode, later: int
) -> None:
    run = f"r-{uuid4()}"
    monkeypatch.setattr("acude.orchestration.alerts.MEANWHILE", -timedelta(minutes=1))
    behave(receiver, mode)
    alert = raised(run)
    assert delivered(receiver, run) == []
    assert len(list(keys(platform.config.lake_bucket, alert.waiting_key))) == later
    behave(receiver, Mode.UP)
    for _ in range(2):
        alerts.deliver_waiting()
        assert [times for times, _ in delivered(receiver, run)] == [1] * later


def test_nobody_delivers_an_alert_that_was_raised_a_moment_ago(platform: Platform, receiver: str) -> None:
    run = f"r-{uuid4()}"
    behave(receiver, Mode.BROKEN)
    alert = raised(run)
    behave(receiver, Mode.UP)
    assert alerts.deliver_waiting().startswith("0 alerts delivered")
    assert list(keys(platform.config.lake_bucket, alert.waiting_key)) == [alert.waiting_key]
