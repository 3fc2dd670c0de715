"""What a user does in Airflow's UI: trigger a day with the form, run days again, read what the suites said."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from acude import aws
from acude.local.platform import Platform
from acude.orchestration.airflow_api import AirflowApi
from acude.orchestration.backfills import Backfills

DAG = "vendas_diarias"
A_RUN_MS = 500_000


@pytest.fixture(scope="module")
def days(platform: Platform) -> Iterator[list[date]]:
    """Three days with a sale each, that no earlier test run knows."""
    first = date(1990, 1, 1) + timedelta(days=random.SystemRandom().randrange(3000))
    days = [first + timedelta(days=number) for number in range(3)]
    client, bucket = aws.s3(platform.config), platform.config.inbox_bucket
    for day in days:
        line = f"A1,p1,Mug,2,{day} 10:00:00,{day.day}.50,u1,SP,BRL"
        body = f"id_pedido,id_produto,descricao,quantidade,data,preco,id_usuario,regiao,moeda\n{line}\n"
        client.put_object(Bucket=bucket, Key=f"vendas/teste-ui/{day}.csv", Body=body.encode())
    yield days
    for day in days:
        client.delete_object(Bucket=bucket, Key=f"vendas/teste-ui/{day}.csv")


def test_a_day_chosen_in_the_form_runs_and_becomes_green(
    airflow: Page, platform: Platform, days: list[date], screenshots: Path
) -> None:
    began = datetime.now(UTC)
    airflow.goto(f"/dags/{DAG}")
    airflow.get_by_test_id("trigger-dag-button").click()
    form = airflow.get_by_role("dialog")
    form.locator("#element_dia").fill(days[0].isoformat())
    airflow.screenshot(path=screenshots / "trigger.png")
    form.get_by_test_id("trigger-dag-submit").click()
    expect(form).to_be_hidden()

    with AirflowApi(platform.config) as api:
        (run,) = api.runs(DAG, run_type=["manual"], conf_contains=days[0].isoformat(), run_after_gte=began)
    airflow.goto(f"/dags/{DAG}/runs/{run.dag_run_id}")
    expect(airflow.get_by_test_id("state-badge").first).to_have_text("Success", timeout=A_RUN_MS)
    # The tasks below are as they were some seconds ago.
    airflow.reload()
    expect(airflow.get_by_text("No Status")).to_have_count(0)
    airflow.wait_for_load_state("networkidle")
    airflow.screenshot(path=screenshots / "run.png")


def test_three_days_backfilled_from_the_form_become_green(
    airflow: Page, platform: Platform, days: list[date], screenshots: Path
) -> None:
    airflow.goto(f"/dags/{DAG}")
    airflow.get_by_test_id("trigger-dag-button").click()
    form = airflow.get_by_role("dialog")
    form.get_by_text("Run this Dag for a range of dates").click()
    choose(airflow, "From", days[0])
    choose(airflow, "To", days[-1])
    form.get_by_text("All Runs").click()
    form.locator("input[name=max_active_runs]").fill("2")
    airflow.screenshot(path=screenshots / "backfill-form.png")
    form.get_by_role("button", name="Run Backfill").click()
    expect(form).to_be_hidden()

    with AirflowApi(platform.config) as api:
        backfills = Backfills(api)
        backfills.follow(backfills.of(DAG)[-1])
        runs = backfills.runs_between(DAG, days[0], days[-1])
    assert [(run.run_type, run.state) for run in runs] == [("backfill", "success")] * 3
    airflow.goto(f"/dags/{DAG}/backfills")
    expect(airflow.get_by_role("row").filter(has_text=f"{days[0]:%Y-%m-%d}")).to_be_visible()
    airflow.screenshot(path=screenshots / "backfills.png")
    airflow.goto(f"/dags/{DAG}")
    expect(airflow.get_by_text("conciliar").first).to_be_visible()
    airflow.wait_for_load_state("networkidle")
    airflow.screenshot(path=screenshots / "vendas_diarias.png")


def choose(page: Page, field: str, day: date) -> None:
    """Picks midnight of a day in a date field that is still empty."""
    page.get_by_role("dialog").get_by_text("Select date and time").first.click()
    page.get_by_role("textbox", name=field).fill(f"{day:%Y/%m/%d}")
    # The other field's calendar may be open still, before this one's.
    time = page.get_by_placeholder("HH:mm").last
    time.fill("00:00")
    time.press("Enter")
    page.get_by_text("Date Range").click()
