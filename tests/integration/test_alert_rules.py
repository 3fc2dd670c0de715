"""The alert rules: valid, each fires and each can be silent, and each metric that they name is one of the code's."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from prometheus_client import CollectorRegistry

from acude.api.observed import Metrics as PaymentApiMetrics
from acude.local.servers.risk import TARGETS, own_workers, write_targets
from acude.payments import groups
from acude.payments.decision_engine import DecisionEngine
from acude.payments.metrics import Metrics as WorkerMetrics
from acude.payments.notifier import Metrics as NotifierMetrics
from acude.payments.recorder import Metrics as RecorderMetrics
from acude.payments.routes import group_of, ways_of_paying
from acude.payments.rules_metrics import DriftCollector, RulesMetrics
from acude.risk.decision import DEFECT
from acude.settings import PROJECT, Settings
from jobs.streaming.progress import StreamMetrics
from jobs.streaming.queries import QUERIES
from tests.programs import program

FOLDER = PROJECT / "infra" / "prometheus"
RULES: list[dict[str, Any]] = [
    rule
    for file in sorted((FOLDER / "rules").glob("*.yml"))
    for group in yaml.safe_load(file.read_text())["groups"]
    for rule in group["rules"]
]
TESTS: list[dict[str, Any]] = [
    test for file in sorted((FOLDER / "tests").glob("*.yml")) for test in yaml.safe_load(file.read_text())["tests"]
]
PROMETHEUS_OWN = {"up": {"job", "instance"}, "process_start_time_seconds": {"job", "instance"}}
WORKERS = tuple(group_of(way) for way in (None, *ways_of_paying()))
ALL_GROUPS = {*WORKERS, groups.RECORDERS, groups.NOTIFIERS, groups.DISPUTES, groups.PAYMENT_API}
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}


def run(*arguments: str) -> None:
    done = subprocess.run(arguments, cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_behave_as_their_tests_say() -> None:
    promtool = program("promtool")
    run(promtool, "check", "config", "prometheus.yml")
    run(promtool, "test", "rules", *(f"tests/{file.name}" for file in sorted((FOLDER / "tests").glob("*.yml"))))


def test_alertmanager_accepts_its_configuration() -> None:
    run(program("amtool"), "check-config", "alertmanager.yml")


def test_what_the_containers_are_given_is_accepted_too(tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "rules", tmp_path / "rules")
    for name in ("prometheus.yml", "alertmanager.yml"):
        shutil.copy(PROJECT / "docker" / name, tmp_path)
    run(program("promtool"), "check", "config", str(tmp_path / "prometheus.yml"))
    run(program("amtool"), "check-config", str(tmp_path / "alertmanager.yml"))


@pytest.mark.parametrize("name", [rule["alert"] for rule in RULES])
def test_each_rule_has_a_history_in_which_it_fires_and_one_in_which_it_does_not(name: str) -> None:
    expected = [
        bool(one["exp_alerts"]) for test in TESTS for one in test["alert_rule_test"] if one["alertname"] == name
    ]
    assert set(expected) == {True, False}


def known_metrics() -> dict[str, set[str]]:
    """Every series of the services by name, with its labels."""
    found: dict[str, set[str]] = dict(PROMETHEUS_OWN)
    for kind in (WorkerMetrics, RecorderMetrics, NotifierMetrics, PaymentApiMetrics):
        found |= dict(_series(kind().registry))
    found |= dict(_series(StreamMetrics(query.name for query in QUERIES).registry))
    return found | dict(_series(of_change()))


def of_change() -> CollectorRegistry:
    """What a worker shows of versions, shadow and drift."""
    registry = CollectorRegistry()
    RulesMetrics(registry)
    registry.register(DriftCollector(lambda: None))
    return registry


def _series(registry: CollectorRegistry) -> Iterator[tuple[str, set[str]]]:
    for collector in registry._collector_to_names:
        for family in collector.collect():
            labels = {*getattr(collector, "_labelnames", ()), *getattr(family, "_labelnames", ())}
            for suffix in SUFFIXES.get(family.type, ("",)):
                yield family.name + suffix, labels | ({"le"} if suffix == "_bucket" else set()) | {"job", "instance"}


def selectors(expression: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Each metric of an expression with the labels that it is selected by."""
    for name, braces in re.findall(
        r"\b((?:risco|porta|registro|avisos|fluxos|process)_[a-z0-9_]+|up)\b(?:\{([^}]*)\})?", expression
    ):
        yield name, dict(re.findall(r'(\w+)\s*=~?\s*"([^"]*)"', braces))


def chosen(labels: dict[str, str]) -> set[str]:
    """The consumer groups that a selector takes."""
    return {group for group in ALL_GROUPS if re.fullmatch(labels.get("grupo", ".*"), group)}


def test_rules_about_workers_hold_for_those_of_each_way_of_paying() -> None:
    taken = {
        rule["alert"]: chosen(labels)
        for rule in RULES
        for _, labels in selectors(rule["expr"])
        if re.fullmatch(labels.get("grupo", ""), groups.WORKERS)
    }
    assert taken == {"DecisionsStopped": {*WORKERS}, "WorkersBehind": {*WORKERS}}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_names_metrics_labels_and_groups_that_there_are(rule: dict[str, Any]) -> None:
    known = known_metrics()
    found = list(selectors(rule["expr"]))
    assert found
    for name, labels in found:
        assert name in known
        assert labels.keys() <= known[name]
        assert chosen(labels) in ({*WORKERS}, {groups.RECORDERS}, {groups.NOTIFIERS}, {groups.DISPUTES}, ALL_GROUPS)
        assert labels.get("causa", DEFECT) == DEFECT
    by = {label for labels in re.findall(r"by \(([^)]*)\)", rule["expr"]) for label in labels.split(", ")}
    assert by <= set().union(*(known[name] for name, _ in found))


def test_what_a_rule_counts_the_increase_or_rate_of_is_there_before_its_first_event() -> None:
    worker, nothing = WorkerMetrics(), cast("Any", None)
    DecisionEngine(nothing, nothing, nothing, nothing, timedelta(seconds=2), metrics=worker)
    services = (worker, NotifierMetrics(), RecorderMetrics(), PaymentApiMetrics())
    fresh = [
        sample
        for registry in (*(one.registry for one in services), of_change())
        for family in registry.collect()
        for sample in family.samples
    ]
    inner = [one for rule in RULES for one in re.findall(r"(?:increase|rate)\(([^)]*)\)", rule["expr"])]
    counted = [selector for one in inner for selector in selectors(one)]
    assert counted
    for name, labels in counted:
        found = [one.labels for one in fresh if one.name == name]
        assert any(all(re.fullmatch(wanted, one[label]) for label, wanted in labels.items()) for one in found), name


def test_a_rule_that_names_nothing_of_the_code_is_found_out() -> None:
    (found,) = selectors("sum(rate(risco_decisoes_erradas_total[5m])) > 0")
    assert found[0] not in known_metrics()


@pytest.mark.parametrize("bind", ["127.0.0.1", "127.0.0.2", "0.0.0.0"])  # noqa: S104
def test_the_workers_of_single_ways_of_paying_are_scraped_where_they_run(tmp_path: Path, bind: str) -> None:
    config = Settings(var=tmp_path, bind=bind, risk_own_topics=ways_of_paying())
    write_targets(config)
    scraped = json.loads((tmp_path / TARGETS).read_text())
    assert {one["labels"]["job"]: one["targets"] for one in scraped} == {
        own.name: [own.health.split("/")[2]] for own in own_workers(config)
    }
    assert len(scraped) == len(ways_of_paying())
    write_targets(Settings(var=tmp_path))
    assert json.loads((tmp_path / TARGETS).read_text()) == []


def test_the_scraped_ports_are_those_of_the_settings() -> None:
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    [by_file] = [job for job in config["scrape_configs"] if "file_sd_configs" in job]
    assert by_file["file_sd_configs"] == [{"files": [f"../../var/{TARGETS}"]}]
    found = {job["job_name"]: job["static_configs"][0]["targets"] for job in config["scrape_configs"]}
    usual = {name: field.default for name, field in Settings.model_fields.items()}
    assert found == {
        "risk-worker": [f"127.0.0.1:{usual['risk_metrics_port']}"],
        "risk-recorder": [f"127.0.0.1:{usual['risk_recorder_port']}"],
        "risk-notifier": [f"127.0.0.1:{usual['risk_notifier_port']}"],
        "risk-api": [f"127.0.0.1:{usual['risk_api_metrics_port']}"],
        "streams": [f"127.0.0.1:{usual['streams_metrics_port']}"],
    }
