"""Backfills through Airflow's own API: which days run, which stand, and what is refused."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Barrier

import pytest
from airflow_client.client import BackfillApi, BackfillResponse
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed
from typer.testing import CliRunner

from acude.cli import app
from acude.lake import run_records
from acude.local.platform import Platform
from acude.orchestration.airflow_api import AirflowApi
from acude.orchestration.airflow_session import AirflowError
from acude.orchestration.backfills import Backfills
from tests.integration.airflow.days import REGIONS, Inbox, a_price, gold, line

ACUDE = str(Path(sys.executable).with_name("acude"))


def test_a_backfill_writes_the_days_of_its_range_and_no_other_while_a_second_is_refused_in_a_sentence(
    api: AirflowApi, inbox: Inbox, day: date
) -> None:
    days = [day + timedelta(days=number) for number in range(3)]
    prices = {one: a_price() for one in days}
    for one, price in prices.items():
        inbox.put(one, [line(one, price)])

    command = [ACUDE, "backfill", "vendas_diarias", "--from", str(days[0]), "--to", str(days[1]), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as backfill:
        wait_until_active(api, days[0])
        with pytest.raises(AirflowError, match="Another backfill of this DAG is active"):
            Backfills(api).start("vendas_diarias", days[2], days[2])
        answer, said = backfill.communicate(timeout=500)

    assert backfill.returncode == 0, said
    report = json.loads(answer)
    assert [run["state"] for run in report["runs"]] == ["success", "success"]
    assert [run["interval"][:10] for run in report["runs"]] == [str(days[0]), str(days[1])]
    assert [Decimal(gold(one).sums["BRL"]["receita"]) for one in days[:2]] == [3 * prices[one] for one in days[:2]]
    assert run_records.publication(REGIONS, days[2]) is None

    attempts = {run["run_id"]: attempt(api, run["run_id"]) for run in report["runs"]}
    planned = json.loads(said_by([*command, "--dry-run"]))
    assert [begin[:10] for begin in planned["intervals"]] == [str(one) for one in days[:2]]
    again = json.loads(said_by([*command, "--reprocess", "none"]))
    assert again["runs"] == []
    assert [run["state"] for run in again["left"]] == ["success", "success"]
    assert {name: attempt(api, name) for name in attempts} == attempts


def said_by(command: list[str]) -> str:
    """What a command that succeeds prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def attempt(api: AirflowApi, run_id: str) -> int:
    """How often a day's first task was tried."""
    return api.tasks("vendas_diarias", run_id)[0].try_number


@pytest.mark.usefixtures("api")
def test_a_backfill_that_failed_runs_its_red_days_again_as_it_advises(inbox: Inbox, day: date) -> None:
    prices = {one: a_price() for one in (day, day + timedelta(days=1))}
    good, bad = prices
    inbox.put(good, [line(good, prices[good])])
    inbox.put(bad, [line(bad, prices[bad]).replace("BRL", "BRL,one,too,many")])
    command = [ACUDE, "backfill", "vendas_diarias", "--from", str(good), "--to", str(bad)]
    red = subprocess.run(command, capture_output=True, text=True, check=False)
    assert red.returncode == 1, red.stderr
    advised = [ACUDE, "backfill", "vendas_diarias", "--from", str(bad), "--to", str(bad), "--reprocess", "failed"]
    assert " ".join(["acude", *advised[1:]]) in " ".join(red.stdout.split())

    inbox.put(bad, [line(bad, prices[bad])])
    report = json.loads(said_by([*command, "--reprocess", "failed", "--json"]))

    assert [(run["interval"][:10], run["state"]) for run in report["runs"]] == [(str(bad), "success")]
    assert [(run["interval"][:10], run["state"]) for run in report["left"]] == [(str(good), "success")]
    assert [Decimal(gold(one).sums["BRL"]["receita"]) for one in prices] == [3 * price for price in prices.values()]


def test_of_two_backfills_at_the_same_moment_one_is_made_and_it_is_cancelled_once(api: AirflowApi, day: date) -> None:
    backfills, asked = BackfillApi(api.client), Barrier(2)

    def start(_: int) -> BackfillResponse | AirflowError:
        asked.wait()
        try:
            return Backfills(api).start("vendas_diarias", day, day)
        except AirflowError as problem:
            return problem

    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(start, range(2)))
    [made] = [one for one in answers if isinstance(one, BackfillResponse)]
    [refused] = [one for one in answers if isinstance(one, AirflowError)]
    assert "Another backfill of this DAG is active" in str(refused)

    assert api.ask(backfills.cancel_backfill, made.id).completed_at
    with pytest.raises(AirflowError, match="already completed"):
        api.ask(backfills.cancel_backfill, made.id)


@retry(retry=retry_if_exception_type(StopIteration), stop=stop_after_delay(60), wait=wait_fixed(0.5))
def wait_until_active(api: AirflowApi, first: date) -> None:
    """Waits for the backfill that begins with that day."""
    next(one for one in Backfills(api).of("vendas_diarias") if one.from_date.date() == first and not one.completed_at)


def test_an_unknown_dag_is_refused_with_the_names_that_exist(platform: Platform) -> None:
    assert platform.is_running()
    answer = CliRunner().invoke(app, ["backfill", "vendas", "--from", "2026-01-01", "--to", "2026-01-01"])
    assert answer.exit_code == 2
    assert "Airflow knows no DAG 'vendas'" in answer.stderr
    assert "vendas_diarias" in answer.stderr
