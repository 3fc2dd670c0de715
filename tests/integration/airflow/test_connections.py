"""Airflow's Connections in its tasks: stored ones and those of the environment win over settings."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from airflow_client.client import ConnectionApi, ConnectionBody, DAGRunResponse, TaskInstanceApi
from psycopg2.extensions import parse_dsn

from acude.local.platform import Platform
from acude.local.servers import airflow
from acude.orchestration.airflow_api import AirflowApi
from acude.settings import PROJECT, Settings
from tests.integration.airflow.days import PublishedDay, first_error, run_day, states
from tests.integration.batch.own_warehouse import Warehouse, own_warehouse
from tests.servers import away

ID = "acude_redshift"
DAG = "carga_redshift"
TASK = "carregar"


@pytest.fixture
def elsewhere(platform: Platform) -> Iterator[Warehouse]:
    """Another warehouse than the settings name."""
    del platform
    with own_warehouse() as found:
        yield found


def fields_of(config: Settings) -> dict[str, Any]:
    """A Connection's fields that name the warehouse of these settings."""
    known = parse_dsn(config.warehouse_dsn.get_secret_value())
    names = {"host": "host", "port": "port", "login": "user", "password": "password", "schema": "dbname"}
    extra = {name: value for name, value in known.items() if name not in names.values()}
    found: dict[str, Any] = {field: known[name] for field, name in names.items()}
    return found | {"port": int(found["port"]), "extra": json.dumps(extra)}


@contextmanager
def stored(api: AirflowApi, **fields: Any) -> Iterator[None]:  # noqa: ANN401 - Airflow's own
    """A Connection in Airflow's database."""
    connections = ConnectionApi(api.client)
    api.ask(connections.post_connection, ConnectionBody(connection_id=ID, conn_type="postgres", **fields))
    try:
        yield
    finally:
        api.ask(connections.delete_connection, ID)


@contextmanager
def scheduler(config: Settings, environment: Mapping[str, str]) -> Iterator[None]:
    """A scheduler with more in its environment, which its tasks inherit."""
    service = airflow.scheduler(config)
    known = os.environ | service.environment | dict(environment)
    with subprocess.Popen(
        service.command, env=known, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=60)


def log_of(api: AirflowApi, run: DAGRunResponse) -> str:
    answer = api.ask(TaskInstanceApi(api.client).get_log, run.dag_id, run.dag_run_id, TASK, 1, full_content=True)
    return str(answer.content.actual_instance)


def revenue(warehouse: Warehouse, day: date) -> Decimal | None:
    total: Decimal | None
    ((total,),) = warehouse.ask("SELECT sum(receita) FROM vendas_por_regiao WHERE data = %s", day)
    return total


def test_a_stored_connection_wins_and_once_it_is_deleted_the_setting_holds(
    api: AirflowApi, published: PublishedDay, elsewhere: Warehouse
) -> None:
    fields = fields_of(elsewhere.config)
    with stored(api, **fields):
        run = run_day(api, published.day, DAG)
        assert run.state == "success", log_of(api, run)
    assert revenue(elsewhere, published.day) == 3 * published.price
    said = log_of(api, run)
    assert f"Airflow's Connection {ID} holds, not ACUDE_WAREHOUSE_KIND, ACUDE_WAREHOUSE_DSN" in said
    assert fields["password"] not in said
    elsewhere.ask("DELETE FROM vendas_por_regiao")
    assert run_day(api, published.day, DAG).state == "success"
    assert revenue(elsewhere, published.day) is None


def test_one_that_can_not_be_used_fails_its_task_at_once_with_the_next_step_and_without_its_secrets(
    api: AirflowApi, published: PublishedDay, elsewhere: Warehouse
) -> None:
    fields = fields_of(elsewhere.config) | {"host": "", "password": "not-to-be-told"}
    with stored(api, **fields):
        run = run_day(api, published.day, DAG)
    assert states(api, run) == {TASK: "failed"}
    assert first_error(api, run, TASK) == (
        f"Airflow's Connection {ID} has no host. Correct it under Admin, Connections, or in "
        "AIRFLOW_CONN_ACUDE_REDSHIFT; or delete it, to use ACUDE_WAREHOUSE_KIND, ACUDE_WAREHOUSE_DSN."
    )
    assert api.tasks(DAG, run.dag_run_id)[0].try_number == 1
    assert "not-to-be-told" not in log_of(api, run)


def test_one_of_the_environment_wins_over_the_stored_one(
    api: AirflowApi, platform: Platform, published: PublishedDay, elsewhere: Warehouse
) -> None:
    fields = fields_of(elsewhere.config)
    login, server = f"{fields['login']}:{quote(fields['password'])}", f"{quote(fields['host'])}:{fields['port']}"
    address = f"postgres://{login}@{server}/{fields['schema']}?{urlencode(json.loads(fields['extra']))}"
    variable = {f"AIRFLOW_CONN_{ID.upper()}": address}
    with (
        stored(api, **fields | {"host": "nowhere.invalid"}),
        away(platform, "airflow-scheduler"),
        scheduler(platform.config, variable),
    ):
        run = run_day(api, published.day, DAG)
    assert run.state == "success", log_of(api, run)
    assert revenue(elsewhere, published.day) == 3 * published.price
    assert fields["password"] not in log_of(api, run)
