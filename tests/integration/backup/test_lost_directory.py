"""The whole server is lost, and comes back."""

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing

import orjson
import psycopg2
import pytest
from kafka import KafkaAdminClient, KafkaProducer

from acude.kafka import brokers
from acude.local.platform import Platform
from acude.payments.groups import RECORDERS
from acude.payments.recorder import recorder
from acude.payments.serde import DECISIONS
from acude.settings import Settings
from tests.integration.backup.conftest import Acude, decision, everything, run, run_as_owner
from tests.waiting import awaited


def lose_the_databases(platform: Platform) -> None:
    """Stops the server, deletes its directory, and starts an empty one."""
    platform.stop("postgres")
    shutil.rmtree(platform.config.var / "postgres")
    platform.start("postgres")
    assert run(platform.config, "loja", "SELECT FROM pg_class WHERE relname = 'pedidos'") == []


def test_every_row_right_and_role_comes_back_after_the_data_directory_was_deleted(
    platform: Platform, config: Settings, acude: Acude
) -> None:
    before = everything(config)
    acude("create")
    lose_the_databases(platform)
    answer = json.loads(acude("restore", "--json").stdout)

    assert everything(config) == before
    rows = {one["banco"]: one["tabelas"] for one in answer["bancos"]}
    decided = sum(number for name, number in rows["risco"].items() if name.startswith("public.decisoes"))
    assert decided == rows["risco"]["auditoria.trilha"] == 500
    assert rows["loja"].pop("public.versao_esquema") == 1
    assert sum(rows["loja"].values()) == 1000 + 1 + 20_000 + 1 + 1
    # Its owner comes with the password that the new server has given, and writes on.
    run_as_owner(
        config.shop_dsn.get_secret_value(),
        'INSERT INTO "Seção 2"."nome com ""aspas""" (texto) VALUES (\'depois\');'
        'DELETE FROM "Seção 2"."nome com ""aspas""" WHERE texto = \'depois\'',
    )


@pytest.fixture(scope="module")
def kafka(platform: Platform) -> Iterator[None]:
    platform.up(["kafka"])
    yield
    platform.stop("kafka")


@pytest.mark.usefixtures("kafka")
def test_decisions_made_after_the_backup_are_recorded_again(platform: Platform, config: Settings, acude: Acude) -> None:
    produce(config, range(1000, 1300))
    record_until(config, 800)
    acude("create")
    produce(config, range(1300, 1400))
    record_until(config, 900)
    before = ids(config)
    lose_the_databases(platform)
    steps = json.loads(acude("restore", "--json").stdout)["proximos_passos"]

    assert "acude backup catch-up" in steps[0]
    assert len(ids(config)) == 800
    assert json.loads(acude("catch-up", "--json").stdout)["registros"] == 400
    record_until(config, 900)
    assert ids(config) == before
    forget_decisions_from(config, 1000)


@pytest.mark.usefixtures("kafka")
def test_a_recorder_that_runs_keeps_its_place(config: Settings, acude: Acude) -> None:
    produce(config, range(1400, 1410))
    record_until(config, 510)
    acude("create")
    stop = threading.Event()
    thread = threading.Thread(target=recorder(config, stop).run)
    thread.start()
    try:
        members_are_there(config)
        refused = acude("catch-up", code=1)
    finally:
        stop.set()
        thread.join()
    assert "The recorder's place in decisoes_risco can't be moved" in refused.stderr
    forget_decisions_from(config, 1000)


def produce(config: Settings, numbers: range) -> None:
    with closing(KafkaProducer(**brokers.kafka_python(config), acks="all")) as producer:
        for number in numbers:
            producer.send(DECISIONS, orjson.dumps(decision(number)), str(number).encode()).get(timeout=30)


def record_until(config: Settings, rows: int) -> None:
    """Runs the recorder until the database has this number of decisions, and it has said so to the broker."""
    stop = threading.Event()
    thread = threading.Thread(target=recorder(config, stop).run)
    thread.start()
    try:
        awaited(lambda: len(ids(config)), lambda found: found >= rows)
    finally:
        stop.set()
        thread.join()
    assert len(ids(config)) == rows


def forget_decisions_from(config: Settings, number: int) -> None:
    run(config, "risco", f"DELETE FROM decisoes WHERE substr(id_transacao, 3)::integer >= {number}")  # noqa: S608


def ids(config: Settings) -> set[str]:
    with closing(psycopg2.connect(config.risk_dsn.get_secret_value())) as session, session.cursor() as asked:
        asked.execute("SELECT id_transacao FROM decisoes")
        return {one for (one,) in asked.fetchall()}


def members_are_there(config: Settings) -> None:
    """Waits until the group has a consumer: from then on no other client may move its place."""
    with closing(KafkaAdminClient(**brokers.kafka_python(config))) as admin:
        awaited(lambda: admin.describe_groups([RECORDERS])[RECORDERS]["group_state"], lambda state: state == "Stable")
