"""A backfill's report counts what it ran; days that it left as they were are named apart."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from airflow_client.client import DAGRunResponse, DagRunState, DagRunType
from typer.testing import CliRunner

from acude.cli import app
from acude.orchestration import airflow_api, backfills

DAYS = [date(2026, 11, number) for number in (1, 2, 3)]


def run(day: date, state: str) -> DAGRunResponse:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return DAGRunResponse(
        dag_display_name="vendas_diarias",
        dag_id="vendas_diarias",
        dag_run_id=f"backfill__{day}",
        dag_versions=[],
        logical_date=at,
        run_after=at,
        run_type=DagRunType.BACKFILL,
        state=DagRunState(state),
    )


class Airflow:
    """The answers of an Airflow: what would run, and the range's runs once it has."""

    def __init__(self, planned: list[date], states: list[str]) -> None:
        self.planned = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in planned]
        self.runs = [run(day, state) for day, state in zip(DAYS, states, strict=False)]
        self.started = 0

    def start(self, *_: object, **__: object) -> Any:  # noqa: ANN401 - Airflow's answer
        self.started += 1
        return run(DAYS[0], "queued")

    def follow(self, _: object, on_runs: Callable[[list[DAGRunResponse]], None]) -> list[DAGRunResponse]:
        on_runs(self.runs)
        return self.runs


def backfill(monkeypatch: pytest.MonkeyPatch, airflow: Airflow, *options: str) -> tuple[int, str]:
    """Exit code and answer of the command at such an Airflow."""
    kind = backfills.Backfills
    monkeypatch.setattr(airflow_api.AirflowApi, "__init__", lambda *_: None)
    monkeypatch.setattr(airflow_api.AirflowApi, "__enter__", lambda found: found)
    monkeypatch.setattr(airflow_api.AirflowApi, "__exit__", lambda *_: None)
    monkeypatch.setattr(kind, "__init__", lambda *_: None)
    monkeypatch.setattr(kind, "dates", lambda *_: airflow.planned)
    monkeypatch.setattr(kind, "start", airflow.start)
    monkeypatch.setattr(kind, "follow", lambda _, started, on_runs: airflow.follow(started, on_runs))
    monkeypatch.setattr(kind, "runs_between", lambda *_: airflow.runs)
    command = ["backfill", "vendas_diarias", "--from", str(DAYS[0]), "--to", str(DAYS[2]), *options]
    answer = CliRunner().invoke(app, command, env={"COLUMNS": "200"})
    return answer.exit_code, answer.output


def test_days_that_all_have_run_are_not_said_to_have_run_now(monkeypatch: pytest.MonkeyPatch) -> None:
    airflow = Airflow([], ["success"] * 3)
    code, said = backfill(monkeypatch, airflow, "--reprocess", "none")
    assert (code, airflow.started) == (0, 0)
    assert "Nothing of vendas_diarias ran" in said
    assert "3 of 3" not in said
    assert "Left as they were: 3 success." in said


def test_of_the_failed_days_alone_is_said_that_they_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    airflow = Airflow([DAYS[1]], ["success"] * 3)
    code, said = backfill(monkeypatch, airflow, "--reprocess", "failed")
    assert (code, airflow.started) == (0, 1)
    assert "1 of 1 runs of vendas_diarias succeeded" in said
    assert "Left as they were: 2 success." in said


def test_a_failed_day_that_is_left_is_named_with_what_repeats_it(monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = backfill(monkeypatch, Airflow([DAYS[2]], ["success", "failed", "success"]), "--reprocess", "none")
    assert code == 1
    assert "1 of 1 runs of vendas_diarias succeeded" in said
    assert "Left as they were: 1 success, 2026-11-02 failed." in said
    assert "acude backfill vendas_diarias --from 2026-11-02 --to 2026-11-02 --reprocess failed" in said


@pytest.mark.parametrize(("planned", "number"), [(DAYS, 3), ([], 0)])
def test_a_dry_run_says_which_days_would_run_and_starts_nothing(
    monkeypatch: pytest.MonkeyPatch, planned: list[date], number: int
) -> None:
    airflow = Airflow(planned, ["success"] * 3)
    code, said = backfill(monkeypatch, airflow, "--dry-run", "--reprocess", "none")
    assert (code, airflow.started) == (0, 0)
    assert f"{number} runs of vendas_diarias would start" in said
    assert [str(day) in said for day in DAYS] == [day in planned for day in DAYS]


def test_programs_get_both_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = backfill(monkeypatch, Airflow([DAYS[1]], ["success"] * 3), "--json")
    report = json.loads(said[said.index("{") :])
    assert (code, report["ok"]) == (0, True)
    assert [[one["interval"][:10] for one in report[name]] for name in ("runs", "left")] == [
        ["2026-11-02"],
        ["2026-11-01", "2026-11-03"],
    ]


def test_a_range_without_a_day_that_is_over_has_nothing_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    airflow = Airflow([], [])
    code, said = backfill(monkeypatch, airflow)
    assert (code, airflow.started) == (3, 0)
    assert "There is nothing to run" in said
