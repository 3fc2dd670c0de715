"""Each own container has all that it needs: command, variables, secrets, and its health check passes."""

import subprocess
import sys

import httpx
import psycopg2
import pytest
from psycopg2.errors import InsufficientPrivilege

from acude.api.examples import PAYMENTS
from acude.athena.client import run_query
from acude.aws import s3
from acude.lake.session import batch_session
from acude.local.databases import PANEL
from acude.local.ports import listening
from acude.orchestration.airflow_api import AirflowApi
from acude.payments.series.schema import Kind, script
from acude.settings import PROJECT
from acude.simulator.blacklist import is_listed
from acude.simulator.payments.documents import cpf
from tests.integration.docker.containers import ADDRESS, Containers, here
from tests.unit.docker.compose_file import local
from tests.waiting import awaited

pytestmark = pytest.mark.xdist_group("containers")

LISTED = next(document for base in range(10**8, 10**9) if is_listed(document := cpf(base)))
RISK = ["issuer", "blacklist", "webhook-receiver", "risk-worker", "risk-recorder", "risk-notifier", "risk-api"]


def test_a_payment_is_decided_by_the_payments_containers(containers: Containers) -> None:
    containers.start(*RISK)
    containers.wait(*RISK)
    issuer = containers.settings("issuer")
    form = {"grant_type": "client_credentials"}
    login = (issuer.risk_client_id, issuer.risk_client_secret.get_secret_value())
    token = httpx.post(issuer.oauth_token_url, data=form, auth=login).raise_for_status().json()["access_token"]

    # On the external list: what is decided depends on no hour.
    payment = PAYMENTS["pix"] | {"id_transacao": "t-conteiner", "documento_pagador": LISTED}
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "c-1"}
    answer = httpx.post(f"{issuer.risk_url}/transacoes", json=payment, headers=headers, timeout=10)

    assert answer.status_code in {200, 201}, answer.text
    decision = answer.json()["decisao"]
    assert decision in {"revisar", "negar"}
    row = awaited(lambda: _stored(containers, "t-conteiner"), bool)
    assert row == (decision, issuer.risk_client_id)
    taken = f"{here('http://webhook-receiver:8073')}/recebidos"
    told = awaited(lambda: httpx.get(taken).json(), bool)
    assert [one["dados"]["id_transacao"] for one in told] == ["t-conteiner"]
    logs = [path.name for path in (containers.folder / "log").glob("risk-*.log")]
    assert len(logs) == 4
    containers.stop(*reversed(RISK))


def test_an_analyst_is_answered_by_the_query_containers(containers: Containers) -> None:
    containers.start("trino", "athena")
    containers.wait("trino", "athena")
    config = containers.settings("acude")
    assert run_query("SELECT count(*) FROM silver.transacoes", config=config).rows == [(0,)]
    files = f"s3://{config.results_bucket}/descarga/"
    run_query(f"UNLOAD (SELECT 1 AS a) TO '{files}' WITH (format = 'PARQUET')", config=config)
    assert s3(config).list_objects_v2(Bucket=config.results_bucket, Prefix="descarga/")["KeyCount"] == 1
    containers.stop("trino", "athena")


def test_servers_listen_where_they_are_told_and_their_inner_ports_on_loopback(containers: Containers) -> None:
    names = ("kafka", "s3", "glue", "valkey")
    found = {name: {host.removeprefix("::ffff:") for host, _ in listening(containers.pid(name))} for name in names}
    inner = {"kafka": {ADDRESS, "127.0.0.1"}, "s3": {ADDRESS, "127.0.0.1"}}
    assert found == {name: inner.get(name, {ADDRESS}) for name in names}


def test_the_panels_role_reads_two_views_and_nothing_else(containers: Containers) -> None:
    password = (containers.folder / "drawn" / "painel_password").read_text()
    config = containers.settings("streams")
    address = config.risk_dsn.get_secret_value().partition("@")[2]
    with psycopg2.connect(config.risk_dsn.get_secret_value()) as owner, owner.cursor() as cursor:
        cursor.execute(script(Kind.PLAIN))
        cursor.execute("CREATE TABLE segredo (x int)")
    with psycopg2.connect(f"postgresql://{PANEL}:{password}@{address}") as panel, panel.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pagamentos_minuto")
        with pytest.raises(InsufficientPrivilege):
            cursor.execute("SELECT * FROM segredo")


def test_one_databases_owner_does_not_get_into_another(containers: Containers) -> None:
    dsn = containers.settings("init").shop_dsn.get_secret_value()
    with pytest.raises(psycopg2.OperationalError, match="permission denied"):
        psycopg2.connect(dsn.rpartition("/")[0] + "/risco")


def _stored(containers: Containers, payment: str) -> tuple[str, str] | None:
    dsn = containers.settings("risk-recorder").risk_dsn.get_secret_value()
    with psycopg2.connect(dsn) as session, session.cursor() as cursor:
        cursor.execute("SELECT decisao, id_cliente FROM decisoes WHERE id_transacao = %s", (payment,))
        found: tuple[str, str] | None = cursor.fetchone()
    return found


AIRFLOW = ["airflow-api", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer"]


def test_airflows_containers_share_a_home_that_one_of_them_prepared(containers: Containers) -> None:
    containers.run("airflow-init")
    containers.start(*AIRFLOW)
    containers.wait(*AIRFLOW)
    with AirflowApi(containers.settings("airflow-scheduler")) as airflow:
        assert "vendas_diarias" in awaited(airflow.dag_ids, bool)
    containers.stop(*AIRFLOW)


DRIVERS = ["spark-batch", "streams"]


def test_spark_containers_land_a_payment_and_answer_the_batch(containers: Containers) -> None:
    executors = sorted(name for name in local() if name == "spark-master" or name.startswith("spark-worker"))
    containers.start(*executors)
    containers.wait(*executors)
    containers.start(*DRIVERS)
    containers.wait(*DRIVERS)

    config = containers.settings("airflow-scheduler")
    batch = batch_session(config)
    assert batch.range(10).count() == 10
    batch.stop()

    # Nobody lands what waits: Airflow's hourly task does, in a driver of its own.
    containers.stop("streams")
    scheduler = containers.variables("airflow-scheduler")
    command = [sys.executable, "-m", "jobs.streaming", "--available-now"]
    caught_up = subprocess.run(command, cwd=PROJECT, env=scheduler, capture_output=True, text=True, check=False)
    assert caught_up.returncode == 0, caught_up.stderr[-4000:]
    containers.stop(*executors, "spark-batch")
