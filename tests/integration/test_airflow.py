"""The DAGs on the running platform: real Airflow, real lake, real warehouse."""

import json
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from airflow_client.client import DAGApi, DAGRunResponse, TaskInstanceApi
from pydantic import SecretStr
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed
from typer.testing import CliRunner

from acude import aws
from acude.cli import app
from acude.lake import run_records
from acude.lake.run_records import Publication
from acude.local.platform import Platform
from acude.orchestration.airflow_api import AirflowApi
from acude.orchestration.airflow_session import AirflowError
from acude.orchestration.backfills import Backfills
from acude.settings import Settings
from acude.warehouse.connection import connect

ACUDE = str(Path(sys.executable).with_name("acude"))
HEADER = "id_pedido,id_produto,descricao,quantidade,data,preco,id_usuario,regiao,moeda"
REGIONS = "gold.vendas_por_regiao"


@pytest.fixture(scope="module")
def api(platform: Platform) -> Iterator[AirflowApi]:
    """Airflow of the running platform."""
    with resting_afterwards(platform) as client:
        yield client


@contextmanager
def resting_afterwards(platform: Platform) -> Iterator[AirflowApi]:
    """Airflow, whose schedules rest again in the end: other tests need the machine."""
    with AirflowApi(platform.config) as client:
        before = scheduled(client)
        yield client
        for dag in scheduled(client) - before:
            client.pause(dag)


def scheduled(client: AirflowApi) -> set[str]:
    """Names of the DAGs that aren't paused."""
    dags = client.ask_all(DAGApi(client.client).get_dags, lambda page: page.dags)
    return {dag.dag_id for dag in dags if not dag.is_paused}


@pytest.fixture
def day() -> date:
    """A day that no other test knows: the lake, the warehouse and Airflow's runs outlive a test run."""
    return date(2001, 1, 1) + timedelta(days=random.SystemRandom().randrange(3000))


class Inbox:
    """A source of a test's own; its files go away afterwards."""

    def __init__(self, config: Settings) -> None:
        self.config = config
        self.keys: set[str] = set()

    def put(self, day: date, lines: Sequence[str], header: str = HEADER) -> str:
        """The day's file with these lines, in place of an earlier one."""
        key = f"vendas/teste-dags/{day}.csv"
        body = "\n".join([header, *lines]) + "\n"
        aws.s3(self.config).put_object(Bucket=self.config.inbox_bucket, Key=key, Body=body.encode())
        self.keys.add(key)
        return key

    def remove(self) -> None:
        """Takes the files away again."""
        for key in self.keys:
            aws.s3(self.config).delete_object(Bucket=self.config.inbox_bucket, Key=key)


@pytest.fixture(scope="module")
def inbox(platform: Platform) -> Iterator[Inbox]:
    """The tests' source."""
    source = Inbox(platform.config)
    yield source
    source.remove()


@dataclass
class PublishedDay:
    """A day of three pieces at one price, and the run that published it first."""

    day: date
    price: Decimal
    run: DAGRunResponse


@pytest.fixture(scope="module")
def published(api: AirflowApi, inbox: Inbox) -> PublishedDay:
    """A recent day, green; a test that publishes it again sets the price."""
    day, price = datetime.now(UTC).date() - timedelta(days=20), a_price()
    inbox.put(day, [line(day, price)])
    return PublishedDay(day, price, run_day(api, day))


def line(day: date, price: Decimal, order: str = "A1", pieces: int = 3) -> str:
    return f"{order},p1,Mug,{pieces},{day} 10:00:00,{price},u1,SP,BRL"


def a_price() -> Decimal:
    return Decimal(random.SystemRandom().randrange(1, 10**9)) / 10_000


def run_day(api: AirflowApi, day: date, dag: str = "vendas_diarias") -> DAGRunResponse:
    return api.wait(dag, api.trigger(dag, {"dia": day.isoformat()}), timeout_s=500)


def states(api: AirflowApi, run: DAGRunResponse) -> dict[str, str | None]:
    return {task.task_id: task.state for task in api.tasks(run.dag_id, run.dag_run_id)}


def first_error(api: AirflowApi, run: DAGRunResponse, task: str) -> str:
    """The first line of a task's log that isn't Airflow's own."""
    answer = api.ask(TaskInstanceApi(api.client).get_log, run.dag_id, run.dag_run_id, task, 1, full_content=True)
    lines = [message.event for message in answer.content.actual_instance or () if not isinstance(message, str)]
    groups_end = [number for number, line in enumerate(lines) if line == "::endgroup::"]
    return lines[groups_end[1] + 1].splitlines()[0]


def gold(day: date) -> Publication:
    found = run_records.publication(REGIONS, day)
    assert found is not None
    return found


def in_warehouse(config: Settings, day: date) -> Decimal:
    with closing(connect(config)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT sum(receita) FROM vendas_por_regiao WHERE data = %s", (day,))
        ((total,),) = cursor.fetchall()
        return Decimal(total or 0)


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


@pytest.mark.usefixtures("api")
def test_a_backfill_that_failed_runs_again_as_it_advises(inbox: Inbox, day: date) -> None:
    price, command = a_price(), [ACUDE, "backfill", "vendas_diarias", "--from", str(day), "--to", str(day)]
    inbox.put(day, [line(day, price).replace("BRL", "BRL,one,too,many")])
    red = subprocess.run(command, capture_output=True, text=True, check=False)
    assert red.returncode == 1, red.stderr
    advised = [*command, "--reprocess", "failed"]
    assert " ".join(["acude", *advised[1:]]) in " ".join(red.stdout.split())

    inbox.put(day, [line(day, price)])
    green = subprocess.run(advised, capture_output=True, text=True, check=False)

    assert green.returncode == 0, green.stderr
    assert Decimal(gold(day).sums["BRL"]["receita"]) == 3 * price


@retry(retry=retry_if_exception_type(StopIteration), stop=stop_after_delay(60), wait=wait_fixed(0.5))
def wait_until_active(api: AirflowApi, first: date) -> None:
    """Waits for the backfill that begins with that day."""
    next(one for one in Backfills(api).of("vendas_diarias") if one.from_date.date() == first and not one.completed_at)


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


@pytest.mark.parametrize("dag", ["qualidade", "carga_redshift", "manutencao"])
def test_every_other_dag_is_green_on_a_published_day(api: AirflowApi, published: PublishedDay, dag: str) -> None:
    run = run_day(api, published.day, dag)

    assert run.state == "success", states(api, run)


def test_an_unknown_dag_is_refused_with_the_names_that_exist(platform: Platform) -> None:
    assert platform.is_running()
    answer = CliRunner().invoke(app, ["backfill", "vendas", "--from", "2026-01-01", "--to", "2026-01-01"])
    assert answer.exit_code == 2
    assert "Airflow knows no DAG 'vendas'" in answer.stderr
    assert "vendas_diarias" in answer.stderr


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
