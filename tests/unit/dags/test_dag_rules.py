"""What holds for every DAG, over the whole folder."""

import ast
import re
import runpy
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import Asset, CronDataIntervalTimetable
from airflow.serialization.decoders import decode_deadline_alert
from airflow.serialization.encoders import encode_deadline_alert

from acude.contracts.model import Layer, load, marts
from acude.orchestration import alerts
from acude.orchestration.dag_defaults import CLOSED_HOUR, HOURLY

PROJECT = Path(__file__).resolve().parents[3]
FILES = sorted((PROJECT / "dags").glob("*.py"))
HEAVY = ("pyspark", "boto3", "botocore", "pandas", "numpy", "pyarrow", "great_expectations", "kafka")
SQL = re.compile(r"\b(select|insert|delete|update|merge)\b.+\b(from|into|set|using)\b", re.IGNORECASE | re.DOTALL)
NAMES = ("atualizacao_horaria", "carga_redshift", "manutencao", "qualidade", "vendas_diarias")


def tasks_of(dags: Mapping[str, Any]) -> Iterator[Any]:
    return (task for dag in dags.values() for task in dag.tasks)


def outlets_of(dags: Mapping[str, Any]) -> set[str]:
    return {asset.name for task in tasks_of(dags) for asset in task.outlets if isinstance(asset, Asset)}


def test_every_dag_file_can_be_read(dag_bag: DagBag) -> None:
    assert dag_bag.import_errors == {}
    assert set(NAMES) <= set(dag_bag.dags)


def test_a_file_is_named_for_its_one_dag(dags: Mapping[str, Any]) -> None:
    assert sorted(dags) == [file.stem for file in FILES]


def test_every_dag_has_tags_and_says_what_to_do_when_it_is_red(dags: Mapping[str, Any]) -> None:
    for dag in dags.values():
        assert dag.tags, dag.dag_id
        assert "**When it is red**" in (dag.doc_md or ""), dag.dag_id


def test_every_task_has_a_known_owner_and_its_own_words(dags: Mapping[str, Any]) -> None:
    for task in tasks_of(dags):
        assert task.owner in {"vendas", "loja", "dados"}, task
        assert task.doc_md or task.task_type == "TriggerDagRunOperator", task


def test_every_dag_runs_by_intervals_in_utc_without_catching_up(dags: Mapping[str, Any]) -> None:
    for dag in dags.values():
        timetable = getattr(dag.timetable, "timetable", dag.timetable)
        assert isinstance(timetable, CronDataIntervalTimetable), dag.dag_id
        assert str(timetable.timezone) == "UTC", dag.dag_id
        assert dag.catchup is False, dag.dag_id


def test_runs_and_tasks_at_a_time_fit_two_cores(dags: Mapping[str, Any]) -> None:
    for dag in dags.values():
        assert 1 <= dag.max_active_runs <= 2, dag.dag_id
        assert 1 <= dag.max_active_tasks <= 2, dag.dag_id


def test_a_run_that_takes_too_long_reaches_somebody(dags: Mapping[str, Any]) -> None:
    for dag in dags.values():
        (deadline,) = dag.deadline
        assert deadline.callback.path == "acude.orchestration.alerts.deadline_missed", dag.dag_id
        stored = encode_deadline_alert(deadline)
        assert timedelta(minutes=5) <= decode_deadline_alert(stored).interval <= timedelta(hours=2), dag.dag_id
        # As Airflow computes it where a run is cleared.
        assert timedelta(seconds=stored["interval"]) == decode_deadline_alert(stored).interval, dag.dag_id


def test_a_task_that_failed_for_good_reaches_somebody(dags: Mapping[str, Any]) -> None:
    for task in tasks_of(dags):
        assert task.on_failure_callback in (alerts.task_failed, [alerts.task_failed]), task


def test_tasks_are_repeated_after_growing_pauses(dags: Mapping[str, Any]) -> None:
    once = {("atualizacao_horaria", "medir_atraso")}
    for task in tasks_of(dags):
        if (task.dag_id, task.task_id) not in once:
            assert task.retries >= 1, task
            assert task.retry_exponential_backoff, task


def test_a_daily_dags_form_asks_for_the_day(dags: Mapping[str, Any]) -> None:
    for name in NAMES:
        form = dags[name].params.get_param("dia")
        assert form.schema["format"] == "date", name
        assert form.description, name
        assert form.value is None, name


def test_every_batch_job_has_its_dag(dags: Mapping[str, Any]) -> None:
    imported = {
        alias.name for file in FILES for node in imports(file) if node.module == "jobs.batch" for alias in node.names
    }
    written = outlets_of(dags)
    for job in (PROJECT / "jobs" / "batch").glob("[!_]*.py"):
        assert job.stem in imported or f"gold.{job.stem}" in written, f"{job.name} has no DAG"


def test_every_table_of_the_batch_is_an_asset_that_a_task_writes(dags: Mapping[str, Any]) -> None:
    batch = {name for name, one in load().items() if one.writer == "batch" and one.layer != Layer.WAREHOUSE}
    assert batch <= outlets_of(dags)


def test_the_hourly_tables_are_those_that_the_hour_writes(dags: Mapping[str, Any]) -> None:
    hourly = outlets_of({"": dags["atualizacao_horaria"]}) - {CLOSED_HOUR.name}
    assert hourly == {name for name in HOURLY if name.startswith("gold.")}


def test_the_documentation_lists_the_dags(dags: Mapping[str, Any]) -> None:
    text = (PROJECT / "docs" / "airflow.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == sorted(dags)


def test_the_documentation_lists_the_marts() -> None:
    text = (PROJECT / "docs" / "batch.md").read_text(encoding="utf-8")
    section = text.split("## The marts")[1].split("\n## ")[0]
    listed = [
        name for names in re.findall(r"^- ((?:`\w+`(?:, )?)+):", section, re.MULTILINE) for name in names.split(", ")
    ]
    assert sorted(listed) == sorted(f"`{mart.name}`" for mart in marts())


def test_assets_are_the_tables_of_the_contracts(dags: Mapping[str, Any]) -> None:
    known = {*load(), "redshift", "hora_fechada"}
    for task in tasks_of(dags):
        for asset in [*task.inlets, *task.outlets]:
            assert asset.name in known, task


def test_dags_are_joined_by_an_asset(dags: Mapping[str, Any]) -> None:
    waited_for = dags["carga_redshift"].timetable.asset_condition
    closes = dags["atualizacao_horaria"].get_task("fechar_hora")
    assert [waited_for] == closes.outlets


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_dag_only_arranges(file: Path) -> None:
    for node in imports(file):
        assert not (node.module or "").startswith(("pyspark", "delta", "psycopg2")), f"{file.name}:{node.lineno}"
    words = ast.get_docstring(tree(file), clean=False)
    texts = [node.value for node in ast.walk(tree(file)) if isinstance(node, ast.Constant)]
    for text in texts:
        assert not isinstance(text, str) or text == words or not SQL.search(text), f"{file.name}: {text}"


@pytest.mark.usefixtures("dag_bag")
def test_reading_the_dags_loads_no_heavy_library() -> None:
    asked: list[str] = []

    class Refusing(MetaPathFinder):
        def find_spec(self, fullname: str, *_: object) -> None:
            if fullname.partition(".")[0] in HEAVY:
                asked.append(fullname)
                raise ImportError(fullname)

    with patch.dict(sys.modules), patch.object(sys, "meta_path", [Refusing(), *sys.meta_path]):
        # As in a new process that Airflow has begun: our own modules and the heavy ones are not there yet.
        for name in [name for name in sys.modules if name.partition(".")[0] in {"acude", "jobs", *HEAVY}]:
            del sys.modules[name]
        for file in FILES:
            runpy.run_path(str(file))
    assert asked == []


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def imports(file: Path) -> list[ast.ImportFrom]:
    return [node for node in ast.walk(tree(file)) if isinstance(node, ast.ImportFrom)]
