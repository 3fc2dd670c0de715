"""The DAG that trains the fraud model, on the running platform: from payments on Kafka to a model that decides."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pyarrow.compute as pc
import pytest
from typer.testing import CliRunner

from acude import aws
from acude.cli import app
from acude.contracts.model import table
from acude.lake.snapshot import rows_where
from acude.local.platform import Platform
from acude.orchestration.airflow_api import AirflowApi
from acude.payments.candidates import FOLDER
from acude.payments.versions import Versions
from acude.risk.model import CARD, GRAPH
from acude.settings import Settings
from tests.integration.payments.conftest import Shop, some_payments
from tests.waiting import awaited

DAG = "treinar_modelo"


@pytest.fixture
def versions(platform: Platform) -> Iterator[Versions]:
    """The versions in force, which are as they were afterwards."""
    found = Versions(platform.config)
    before = found.live()
    yield found
    while found.live() != before:
        found.rollback(who="teste", why="fim do teste")


@pytest.fixture
def airflow(platform: Platform) -> Iterator[AirflowApi]:
    with AirflowApi(platform.config) as client:
        yield client
        client.pause(DAG)


@pytest.fixture
def streams(platform: Platform) -> Iterator[None]:
    """Running streams, as they were again afterwards."""
    ran = platform.pid("streams") is not None
    platform.start("streams")
    yield
    (platform.start if ran else platform.stop)("streams")


def disputed(config: Settings) -> int:
    """Frauds of today in the lake."""
    today = pc.field("data") == datetime.now(UTC).date()
    return int(rows_where(table("silver.contestacoes"), today, ("id_transacao",), config).num_rows)


def played(seconds: int, fraud_share: str, seed: int) -> int:
    """Plays payments, and says how many turned out to be frauds."""
    options = ["--rate", "150", "--duration", f"{seconds}s", "--fraud-share", fraud_share, "--seed", str(seed)]
    ended = CliRunner().invoke(app, ["risk", "simulate", *options, "--labels-after", "1s", "--json"])
    assert ended.exit_code == 0, ended.output
    return int(json.loads(ended.stdout)["contestadas"])


# Streams, Spark and four tasks of Airflow: three minutes.
@pytest.mark.soak
@pytest.mark.usefixtures("streams")
def test_a_day_is_learnt_from_audited_compared_and_promoted_and_the_workers_decide_by_it(
    platform: Platform, airflow: AirflowApi, versions: Versions
) -> None:
    before = disputed(platform.config)
    # The last fifth, on which the model is audited, has frauds and honest payments.
    frauds = played(10, "0.3", seed=7) + played(6, "0.05", seed=8)
    awaited(lambda: disputed(platform.config), lambda number: number >= before + frauds)

    form = {"dia": str(datetime.now(UTC).date()), "dias": 1, "promover": True}
    run = airflow.wait(DAG, airflow.trigger(DAG, form), timeout_s=500)

    states = {task.task_id: task.state for task in airflow.tasks(DAG, run.dag_run_id)}
    assert states == dict.fromkeys(("treinar", "auditar", "comparar", "promover"), "success")
    change = versions.changes()[-1]
    assert run.dag_run_id in change.por_que
    names = {key.rpartition("/")[2] for key in aws.keys(platform.config.lake_bucket, FOLDER, platform.config)}
    assert names >= {CARD, GRAPH, "cartao.md", "auditoria.json", "comparacao.json"}

    shop = Shop(platform.config)

    def model_of_a_new_payment() -> str:
        (sent,) = some_payments(1)
        shop.send([sent])
        return str(shop.decisions([sent])[sent["id_transacao"]][0]["versao_modelo"])

    awaited(model_of_a_new_payment, lambda model: model == change.versao_modelo)


def test_without_known_frauds_the_run_is_red_and_nothing_changes(airflow: AirflowApi, versions: Versions) -> None:
    before = versions.changes()
    run = airflow.wait(DAG, airflow.trigger(DAG, {"dia": "2019-03-02", "promover": True}), timeout_s=500)
    states = {task.task_id: task.state for task in airflow.tasks(DAG, run.dag_run_id)}
    assert states["treinar"] == "failed"
    assert states["promover"] == "upstream_failed"
    assert versions.changes() == before
