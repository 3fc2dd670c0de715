"""A day that has not begun is refused in a sentence, before anything runs; so is one at the calendar's beginning."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest
from typer.testing import CliRunner

from acude.cli import app
from acude.contracts.model import table
from acude.days import DayError, require_days
from acude.lake.delta import days_of_month
from acude.publishing import staging
from jobs.batch import carga_redshift, exportar_vendas, vendas

TODAY = date(2026, 11, 3)
ENDS = [date.max, date.min]


@pytest.mark.parametrize("day", [date(2026, 11, 4), date(2026, 12, 25), *ENDS, date(1969, 12, 31)])
def test_days_end_with_today_and_begin_with_1970(day: date) -> None:
    with pytest.raises(DayError, match=str(day)):
        require_days(TODAY, day, today=TODAY)
    require_days(date(1970, 1, 1), TODAY, today=TODAY)


@pytest.mark.parametrize("day", ENDS)
@pytest.mark.parametrize(
    "job",
    [
        exportar_vendas.run,
        lambda day: vendas.run(day, "r"),
        lambda day: staging.stage(cast("Any", None), table("gold.estoque"), day, "r"),
        lambda day: carga_redshift.load_day(day, run_id="r"),
    ],
)
def test_a_job_runs_no_day_that_has_not_begun(job: Callable[[date], Any], day: date) -> None:
    with pytest.raises(DayError):
        job(day)


@pytest.mark.parametrize("day", ENDS)
@pytest.mark.parametrize(
    "command",
    [
        "backfill vendas_diarias --from 2026-01-01 --to {}",
        "backfill vendas_diarias --from {0} --to {0}",
        "reconcile --to {}",
        "reconcile --from {0} --to {0}",
        "risk replay --from {0} --to {0} --candidate x",
        "risk train --from {0} --to {0} --out x",
        "risk reference --from {0} --to {0}",
        "history generate {1} --to {0}",
        "simulate --start {0}",
    ],
)
def test_a_command_asks_for_no_such_day(command: str, day: date, tmp_path: Path) -> None:
    answer = CliRunner().invoke(app, command.format(day, tmp_path).split())
    assert (answer.exit_code, str(day) in answer.stderr) == (2, True), answer.output
    assert "Traceback" not in answer.stderr


def test_a_file_of_a_day_that_has_not_begun_stays_out_of_the_inbox(tmp_path: Path) -> None:
    (tmp_path / "9999-12-31.csv").touch()
    answer = CliRunner().invoke(app, ["history", "load", str(tmp_path), "--origem", "x"])
    assert (answer.exit_code, "9999-12-31" in answer.stderr) == (2, True), answer.output


@pytest.mark.parametrize("length", ["999999999999d", "9" * 400 + "s", "3661d"])
def test_no_play_lasts_longer_than_the_calendar_reckons(length: str) -> None:
    answer = CliRunner().invoke(app, ["simulate", "--virtual", "--duration", length])
    assert (answer.exit_code, "at most 3660d" in answer.stderr) == (2, True), answer.output


def test_a_month_at_the_calendars_ends_has_its_days() -> None:
    assert days_of_month(date.max) == (date(9999, 12, 1), date.max)
    assert days_of_month(date(2028, 2, 9)) == (date(2028, 2, 1), date(2028, 2, 29))
