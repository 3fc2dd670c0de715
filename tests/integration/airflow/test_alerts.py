"""What a person has to know reaches the webhook, once each: caused on the running platform."""

import socket
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from acude.aws import objects
from acude.lake import run_records
from acude.local.platform import Platform
from acude.orchestration.airflow_api import AirflowApi
from acude.orchestration.alerts import FOLDER, Alert
from acude.settings import HOST, Settings
from acude.warehouse.connection import connect
from tests.integration.airflow.days import Inbox, a_price, line, run_day, states


@pytest.fixture(scope="module")
def day(api: AirflowApi, inbox: Inbox) -> date:
    """A recent day that is published."""
    found = datetime.now(UTC).date() - timedelta(days=4)
    inbox.put(found, [line(found, a_price())])
    assert run_day(api, found).state == "success"
    return found


def told(config: Settings, **about: str) -> list[tuple[int, dict[str, Any]]]:
    """How often the webhook took each alert with these labels, and all its labels."""
    found = httpx.get(f"http://{HOST}:{config.receiver_port}/recebidos").json()
    operation = [one for one in found if one["tipo"] == "alerta_operacao"]
    all_ = [(one["vezes"], alert["labels"]) for one in operation for alert in one["dados"]["alerts"]]
    return [(times, labels) for times, labels in all_ if about.items() <= labels.items()]


@retry(retry=retry_if_result(lambda found: not found), stop=stop_after_delay(400), wait=wait_fixed(1))
def soon_told(config: Settings, **about: str) -> list[tuple[int, dict[str, Any]]]:
    """The same, once there is one."""
    return told(config, **about)


def labels(kind: str, dag: str, run: str, task: str | None = None) -> dict[str, str]:
    return {"alertname": kind, "dag": dag, "run": run} | ({"task": task} if task else {})


def test_a_red_day_is_told(api: AirflowApi, platform: Platform) -> None:
    day, source = date(2001, 1, 1), Inbox(platform.config)
    source.put(day, [line(day, a_price()).replace("BRL", "BRL,one,too,many")])
    run = run_day(api, day)
    source.remove()
    assert run.state == "failed"
    about = labels("falhou", "vendas_diarias", run.dag_run_id, "refinar")
    assert soon_told(platform.config, run=run.dag_run_id) == [(1, about)]
    kept = [run_records.get(Alert, one["Key"]) for one in objects(platform.config.lake_bucket, FOLDER)]
    (alert,) = [one for one in kept if one and one.run_id == run.dag_run_id]
    assert alert.text.startswith("vendas_diarias.refinar failed")


def test_a_missed_deadline_is_told(api: AirflowApi, platform: Platform, day: date) -> None:
    run = api.trigger("vendas_diarias", {"dia": day.isoformat()})
    with psycopg.connect(platform.config.airflow_dsn.get_secret_value()) as database:
        moved = database.execute(
            "UPDATE deadline SET deadline_time = now() - interval '1 minute'"
            " WHERE dagrun_id = (SELECT id FROM dag_run WHERE run_id = %s AND dag_id = 'vendas_diarias')",
            (run,),
        )
    assert moved.rowcount == 1
    assert soon_told(platform.config, run=run) == [(1, labels("atrasou", "vendas_diarias", run))]
    assert api.wait("vendas_diarias", run, timeout_s=500).state == "success"


def test_a_broken_reconciliation_is_told(api: AirflowApi, platform: Platform, day: date) -> None:
    change(platform.config, day, "+ 1")
    run = run_day(api, day, "qualidade")
    change(platform.config, day, "- 1")
    assert states(api, run)["conciliar"] == "failed"
    about = labels("falhou", "qualidade", run.dag_run_id, "conciliar")
    assert soon_told(platform.config, run=run.dag_run_id) == [(1, about)]


def change(config: Settings, day: date, by: str) -> None:
    """Changes the day's money in the warehouse alone."""
    with closing(connect(config)) as connection, connection.cursor() as cursor:
        cursor.execute(f"UPDATE vendas_por_regiao SET receita = receita {by} WHERE data = %s", (day,))  # noqa: S608 - ours
        connection.commit()


def test_streams_that_are_dead_and_do_not_start_are_told(api: AirflowApi, platform: Platform) -> None:
    platform.stop("streams")
    with socket.create_server((HOST, platform.config.streams_metrics_port)):
        # Its schedule has a run, too, as soon as it isn't paused; the first one of the two tells it.
        api.trigger("atualizacao_horaria", {"dia": datetime.now(UTC).date().isoformat()})
        found = soon_told(platform.config, dag="atualizacao_horaria", task="manter_fluxos", alertname="falhou")
    assert {times for times, _ in found} == {1}
    assert len({about["run"] for _, about in found}) == len(found)
