"""A real Prometheus and a real Alertmanager: the end of a service and its return reach the webhook."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from acude.local.platform import Platform
from acude.settings import PROJECT, Settings
from tests.programs import free_port, program, running

FOLDER = PROJECT / "infra" / "prometheus"
PORTS = ("risk_metrics_port", "risk_recorder_port", "risk_notifier_port", "risk_api_metrics_port")


def impatient(config: Settings, folder: Path, manager: int) -> None:
    """The committed files in a folder, with this platform's ports and without their waiting times."""
    scraping = (FOLDER / "prometheus.yml").read_text().replace("5s", "1s").replace(":9093", f":{manager}")
    scraping = scraping.replace("../../var", str(config.var))
    for name in PORTS:
        scraping = scraping.replace(f":{Settings.model_fields[name].default}", f":{getattr(config, name)}")
    rules = yaml.safe_load((FOLDER / "rules" / "risk.yml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule.pop("for", None)
    passing = (FOLDER / "alertmanager.yml").read_text().replace("10s", "0s").replace("1m", "1s")
    passing = passing.replace(
        f":{Settings.model_fields['risk_notifier_port'].default}", f":{config.risk_notifier_port}"
    )
    passing = passing.replace("../../var/alertmanager.token", str(config.var / "alertmanager.token"))
    (folder / "rules").mkdir()
    (folder / "prometheus.yml").write_text(scraping)
    (folder / "rules" / "risk.yml").write_text(yaml.safe_dump(rules))
    (folder / "alertmanager.yml").write_text(passing)


@pytest.fixture
def watched(platform: Platform, tmp_path: Path) -> Iterator[Platform]:
    """The platform under Prometheus' eyes."""
    scraper, manager = free_port(), free_port()
    impatient(platform.config, tmp_path, manager)
    prometheus = [
        program("prometheus"),
        f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--web.listen-address=127.0.0.1:{scraper}",
        f"--storage.tsdb.path={tmp_path / 'prometheus'}",
    ]
    alertmanager = [
        program("prometheus-alertmanager", "alertmanager"),
        f"--config.file={tmp_path / 'alertmanager.yml'}",
        f"--web.listen-address=127.0.0.1:{manager}",
        "--cluster.listen-address=",
        f"--storage.path={tmp_path / 'alertmanager'}",
    ]
    with (
        running(alertmanager, f"http://127.0.0.1:{manager}/-/ready", tmp_path),
        running(prometheus, f"http://127.0.0.1:{scraper}/-/ready", tmp_path),
    ):
        _all_up(f"http://127.0.0.1:{scraper}")
        yield platform


@retry(retry=retry_if_result(lambda up: up < len(PORTS)), stop=stop_after_delay(60), wait=wait_fixed(0.3))
def _all_up(url: str) -> int:
    """How many services Prometheus has found alive; waits for all of them."""
    answer = httpx.get(f"{url}/api/v1/query", params={"query": 'sum(up{job=~"risk-.*"})'}).json()
    return sum(int(one["value"][1]) for one in answer["data"]["result"])


@retry(retry=retry_if_result(lambda found: not found), stop=stop_after_delay(120), wait=wait_fixed(0.5))
def delivered(config: Settings, status: str, service: str) -> list[dict[str, Any]]:
    """Alerts about a service that the webhook's receiver has taken; waits for the first."""
    found = httpx.get(f"http://127.0.0.1:{config.receiver_port}/recebidos").json()
    alerts = [alert for one in found if one["tipo"] == "alerta_operacao" for alert in one["dados"].get("alerts", ())]
    return [one for one in alerts if one.get("status") == status and one["labels"].get("job") == service]


def test_the_end_of_a_service_and_its_return_reach_the_webhook(watched: Platform) -> None:
    watched.stop("risk-recorder")
    (alert, *_) = delivered(watched.config, "firing", "risk-recorder")
    assert (alert["labels"]["alertname"], alert["labels"]["severity"]) == ("ServiceDown", "page")
    assert alert["annotations"]["summary"] == "risk-recorder does not answer"
    watched.start("risk-recorder")
    (resolved, *_) = delivered(watched.config, "resolved", "risk-recorder")
    assert resolved["labels"] == alert["labels"]
