"""The DAGs on the running platform: real Airflow, real lake, real warehouse."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from airflow_client.client import DAGRunResponse
from pydantic import SecretStr
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from acude.backup.storage import Storage, begun
from acude.lake import run_records
from acude.local.platform import Platform
from acude.orchestration.airflow_api import AirflowApi
from acude.orchestration.airflow_session import AirflowError
from tests.integration.airflow.days import (
    REGIONS,
    Inbox,
    PublishedDay,
    a_price,
    first_error,
    gold,
    in_warehouse,
    line,
    run_day,
    states,
)


def test_a_triggered_day_is_published_loaded_and_reconciled(
    api: AirflowApi, platform: Platform, published: PublishedDay
) -> None:
    assert set(states(api, published.run).values()) == {"success"}
    assert Decimal(gold(published.day).sums["BRL"]["receita"]) == 3 * published.price
    assert in_warehouse(platform.config, published.day) == 3 * published.price


def test_a_poisoned_day_is_red_with_a_reason_and_gold_stands_until_it_is_mended(
    api: AirflowApi, inbox: Inbox, published: PublishedDay
) -> None:
    day, good, mended = published.day, published.price, a_price()
    before = gold(day)

    key = inbox.put(day, [line(day, mended).replace("BRL", "BRL,one,too,many")])
    red = run_day(api, day)

    assert red.state == "failed"
    assert states(api, red)["refinar"] == "failed"
    assert states(api, red)["publicar"] == "upstream_failed"
    assert first_error(api, red, "refinar").startswith(f"{key}, line 2")
    assert gold(day) == before
    assert in_warehouse(inbox.config, day) == 3 * good

    inbox.put(day, [line(day, mended)])
    assert run_day(api, day).state == "success"
    published.price = mended
    assert Decimal(gold(day).sums["BRL"]["receita"]) == 3 * mended
    assert in_warehouse(inbox.config, day) == 3 * mended


def test_lines_that_their_suite_refuses_fail_the_task_with_the_rule_and_publish_nothing(
    api: AirflowApi, inbox: Inbox, day: date
) -> None:
    inbox.put(day, [line(day, Decimal(-1), order=f"A{number}") for number in range(5)])

    run = run_day(api, day)

    assert states(api, run)["refinar"] == "failed"
    assert "silver.quarentena_arquivos" in first_error(api, run, "refinar")
    assert api.tasks(run.dag_id, run.dag_run_id)[1].try_number == 1, "the same lines would be refused again"
    assert run_records.publication(REGIONS, day) is None


def test_a_file_that_comes_after_its_day_makes_that_day_run_again_once(
    api: AirflowApi, inbox: Inbox, published: PublishedDay
) -> None:
    before = {run.dag_run_id for run in api.runs("vendas_diarias", run_id_prefix_pattern="arquivo__")}
    published.price = a_price()
    inbox.put(published.day, [line(published.day, published.price)])

    for _ in range(2):
        assert api.wait("novos_arquivos", api.trigger("novos_arquivos")).state == "success"

    runs = api.runs("vendas_diarias", run_id_prefix_pattern=f"arquivo__{published.day}__")
    (started,) = [run for run in runs if run.dag_run_id not in before]
    assert api.wait("vendas_diarias", started.dag_run_id).state == "success"
    assert Decimal(gold(published.day).sums["BRL"]["receita"]) == 3 * published.price


@pytest.fixture
def dead_streams(platform: Platform) -> Iterator[None]:
    """Stopped streams, as they were again afterwards."""
    ran = platform.pid("streams") is not None
    platform.stop("streams")
    yield
    (platform.start if ran else platform.stop)("streams")


@pytest.mark.usefixtures("dead_streams")
def test_a_dead_stream_is_started_again_and_the_closed_hour_is_loaded(api: AirflowApi, platform: Platform) -> None:
    day = datetime.now(UTC).date()
    api.pause("carga_redshift", paused=False)
    before = {run.dag_run_id for run in loads(api)}

    run = run_day(api, day, "atualizacao_horaria")

    assert states(api, run)["manter_fluxos"] == "success"
    assert platform.pid("streams") is not None
    assert run.state == "success", states(api, run)
    assert api.wait("carga_redshift", new_load(api, before)).state == "success"


def loads(api: AirflowApi) -> list[DAGRunResponse]:
    """Warehouse loads that an asset has started."""
    return api.runs("carga_redshift", run_type=["asset_triggered"])


@retry(retry=retry_if_exception_type(StopIteration), stop=stop_after_delay(60), wait=wait_fixed(1))
def new_load(api: AirflowApi, before: set[str]) -> str:
    """The scheduler answers an asset's news with a run within seconds."""
    return next(run.dag_run_id for run in loads(api) if run.dag_run_id not in before)


@pytest.mark.parametrize("dag", ["qualidade", "carga_redshift", "auditoria", "avisos"])
def test_every_other_dag_is_green_on_a_published_day(api: AirflowApi, published: PublishedDay, dag: str) -> None:
    run = run_day(api, published.day, dag)

    assert set(states(api, run).values()) == {"success"}


def test_a_night_of_maintenance_makes_a_backup(api: AirflowApi, platform: Platform, published: PublishedDay) -> None:
    run = run_day(api, published.day, "manutencao")

    tasks = {task.task_id: task for task in api.tasks(run.dag_id, run.dag_run_id)}
    assert {name: task.state for name, task in tasks.items()} == dict.fromkeys(("lote", "fluxos", "copia"), "success")
    storage, copia = Storage(platform.config), tasks["copia"]
    assert copia.start_date
    assert copia.end_date
    # The schedule may have made another one before: a DAG that is triggered is paused no more.
    made = [one for one in storage.ids() if copia.start_date <= begun(one) <= copia.end_date]
    assert len(made) == 1
    assert storage.manifest(made[0])


def test_an_airflow_that_is_away_and_a_wrong_password_are_refused_with_a_next_step(platform: Platform) -> None:
    away = platform.config.model_copy(update={"airflow_url": "http://127.0.0.1:9"})
    with AirflowApi(away) as api, pytest.raises(AirflowError, match=r"doesn't .*Start the platform with `acude up`"):
        api.dag_ids()

    stranger = platform.config.model_copy(update={"airflow_password": SecretStr("wrong")})
    with AirflowApi(stranger) as api, pytest.raises(AirflowError, match=r"refused the login .*ACUDE_AIRFLOW_PASSWORD"):
        api.dag_ids()


def test_a_token_that_airflow_no_longer_takes_is_renewed(api: AirflowApi) -> None:
    api.client.configuration.access_token = "expired"

    assert "vendas_diarias" in api.dag_ids()
