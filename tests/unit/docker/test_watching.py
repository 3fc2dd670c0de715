"""Prometheus, Alertmanager, Grafana and the log shipper look at the containers that there are."""

import re

import pytest
import yaml

from acude.local.databases import PANEL
from acude.payments.series.schema import Kind, script
from acude.settings import PROJECT
from tests.unit.docker.compose_file import Entry, local, secrets_of, services

INFRA = PROJECT / "infra"


def read(path: str) -> Entry:
    found: Entry = yaml.safe_load((PROJECT / path).read_text())
    return found


def targets() -> list[tuple[str, str, int]]:
    """Job, container and port of everything that is scraped."""
    found = []
    for job in read("docker/prometheus.yml")["scrape_configs"]:
        for one in job.get("dns_sd_configs", ()):
            found += [(job["job_name"], name, one["port"]) for name in one["names"]]
        for one in job.get("static_configs", ()):
            found += [(job["job_name"], *_split(target)) for target in one["targets"]]
    return found


def _split(target: str) -> tuple[str, int]:
    host, _, port = target.rpartition(":")
    return host, int(port)


def test_the_jobs_are_those_of_one_machine_so_the_same_rules_hold() -> None:
    jobs = {one["job_name"] for one in read("infra/prometheus/prometheus.yml")["scrape_configs"]}
    assert jobs <= {job for job, _, _ in targets()}
    times = [{key: read(path)["global"][key] for key in ("scrape_interval", "evaluation_interval")} for path in CONFIGS]
    assert times[0] == times[1]


CONFIGS = ("docker/prometheus.yml", "infra/prometheus/prometheus.yml")


@pytest.mark.parametrize(("job", "host", "port"), targets())
def test_a_target_is_a_container_on_prometheus_network_with_that_port(job: str, host: str, port: int) -> None:
    del job
    if host == "127.0.0.1":
        return
    entry = services()[host]
    assert "watch" in entry["networks"]
    if "build" in entry:
        assert port in {number for number, _ in local()[entry["command"][1]].ports}


def test_every_replica_of_the_workers_is_found() -> None:
    several = {name for name, entry in services().items() if entry["deploy"].get("replicas", 1) > 1}
    [by_name] = [one for one in read("docker/prometheus.yml")["scrape_configs"] if "dns_sd_configs" in one]
    assert several == {by_name["job_name"]}


def test_alerts_take_the_way_of_one_machine() -> None:
    here, there = read("docker/alertmanager.yml"), read("infra/prometheus/alertmanager.yml")
    assert here["route"] == there["route"]
    [hook], [local_hook] = (one["receivers"][0]["webhook_configs"] for one in (here, there))
    assert hook["url"].replace("risk-notifier", "127.0.0.1") == local_hook["url"]
    secret = hook["http_config"]["authorization"]["credentials_file"].removeprefix("/run/secrets/")
    assert secret in secrets_of(services()["alertmanager"])


def test_grafanas_data_sources_reach_containers_with_secrets_that_it_has() -> None:
    sources = {one["uid"]: one for one in read("infra/grafana/provisioning/datasources/acude.yml")["datasources"]}
    assert sources.keys() == {"acude-metricas", "acude-pagamentos"}
    grafana = services()["grafana"]
    for one in sources.values():
        [host] = re.findall(r"^(?:http://)?([a-z]+):\d+$", one["url"])
        assert set(services()[host]["networks"]) & set(grafana["networks"])
    payments = sources["acude-pagamentos"]
    assert payments["user"] == PANEL
    [named] = re.findall(r"^\$__file\{/run/secrets/(\w+)\}$", payments["secureJsonData"]["password"])
    assert named in secrets_of(grafana)


@pytest.mark.parametrize("kind", Kind)
def test_grafana_reads_the_two_views_of_payments_and_nothing_else(kind: Kind) -> None:
    assert re.findall(rf"GRANT (\w+) ON (.+) TO {PANEL};", script(kind)) == [
        ("SELECT", "pagamentos_minuto, pagamentos_hora")
    ]


def test_dashboards_have_a_folder_that_is_mounted() -> None:
    [provider] = read("infra/grafana/provisioning/dashboards/acude.yml")["providers"]
    path = provider["options"]["path"].removeprefix("/etc/acude/")
    assert (INFRA / "grafana" / path).is_dir()
    assert "../infra/grafana:/etc/acude:ro" in services()["grafana"]["volumes"]


def test_the_log_shipper_follows_the_folder_into_which_services_write() -> None:
    shipper: Entry = services()["log-shipper"]
    config = read("docker/vector.yaml")
    assert [one.rpartition("/")[0] for one in config["sources"]["services"]["include"]] == ["/logs"]
    assert "log:/logs:ro" in shipper["volumes"]
    writers = {name for name, entry in services().items() if "log:/var/lib/acude/log" in entry.get("volumes", ())}
    assert {"risk-api", "risk-worker", "risk-recorder", "risk-notifier", "issuer"} <= writers
    assert config["data_dir"] in {one.split(":")[1] for one in shipper["volumes"]}
    # Files and volumes are of one user.
    assert {services()[name]["user"] for name in writers} == {shipper["user"]}
    assert "opensearch_password" in secrets_of(shipper)
