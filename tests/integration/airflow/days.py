"""Days that tests of the DAGs lay in the inbox, run and look at."""

import random
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from airflow_client.client import DAGApi, DAGRunResponse, TaskInstanceApi

from acude import aws
from acude.lake import run_records
from acude.lake.run_records import Publication
from acude.local.platform import Platform
from acude.orchestration.airflow_api import AirflowApi
from acude.settings import Settings
from acude.warehouse.connection import connect

HEADER = "id_pedido,id_produto,descricao,quantidade,data,preco,id_usuario,regiao,moeda"
REGIONS = "gold.vendas_por_regiao"


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


@dataclass
class PublishedDay:
    """A day of three pieces at one price, and the run that published it first."""

    day: date
    price: Decimal
    run: DAGRunResponse


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
