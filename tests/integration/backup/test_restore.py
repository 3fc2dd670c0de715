"""A restore keeps what is there, unless it is given the option."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest
from psycopg2 import errors
from psycopg2.extensions import cursor, make_dsn, parse_dsn
from psycopg2.sql import SQL, Identifier
from pydantic import SecretStr

from acude.backup import databases
from acude.backup.create import create
from acude.backup.errors import BackupError, DamagedError
from acude.backup.programs import feed, output
from acude.backup.restore import restore
from acude.local.servers import postgres
from acude.settings import Settings
from tests.integration.backup.conftest import Acude, everything, objects, run, run_as_owner


def names(config: Settings) -> set[str]:
    return {name for (name,) in run(config, "postgres", "SELECT datname FROM pg_database")}


def test_a_backup_is_proved_without_touching_the_databases(config: Settings, acude: Acude) -> None:
    before, present = everything(config), names(config)
    made = json.loads(acude("create", "--json").stdout)
    proved = json.loads(acude("verify", made["id"], "--json").stdout)

    assert proved["valido"]
    assert {one["banco"]: one["linhas"] for one in proved["bancos"]} == {"papeis": 0} | {
        one["banco"]: sum(one["tabelas"].values()) for one in made["bancos"]
    }
    assert (everything(config), names(config)) == (before, present)


def test_a_count_that_differs_from_the_manifests_is_said(acude: Acude, monkeypatch: pytest.MonkeyPatch) -> None:
    real = databases._rows
    monkeypatch.setattr(
        databases,
        "_rows",
        lambda *given: {name: rows + (name == "public.cofre") for name, rows in real(*given).items()},
    )
    acude("create")
    monkeypatch.setattr(databases, "_rows", real)

    verdicts = json.loads(acude("verify", "--json", code=1).stdout)["bancos"]
    said = {one["banco"]: one["problema"] for one in verdicts}
    assert "public.cofre has 1 rows instead of 2" in said["loja"]
    assert said["risco"] is None


@pytest.mark.usefixtures("backup_id")
def test_data_is_not_overwritten_without_the_option(config: Settings, acude: Acude) -> None:
    run(config, "loja", "UPDATE cofre SET conteudo = 'mudado'")
    changed = everything(config)
    for words in ([], ["--database", "loja"]):
        refused = acude("restore", *words, code=1)
        assert "holds data" in refused.stderr
        assert "--overwrite" in refused.stderr
    assert everything(config) == changed
    acude("restore", "--database", "loja", "--overwrite")
    assert run(config, "loja", "SELECT count(*) FROM cofre WHERE conteudo = 'mudado'") == [(0,)]


@pytest.mark.usefixtures("backup_id")
def test_one_database_comes_back_and_the_others_stay_as_they_are(config: Settings, acude: Acude) -> None:
    before = everything(config)
    run(config, "loja", "DELETE FROM itens")
    run(config, "risco", "CREATE TABLE depois AS SELECT 1 AS n")
    with closing(psycopg2.connect(config.shop_dsn.get_secret_value())) as guest:
        acude("restore", "--database", "loja", "--overwrite")
        with pytest.raises(psycopg2.OperationalError), guest.cursor() as asked:
            asked.execute("SELECT 1")

    assert everything(config)["loja"] == before["loja"]
    assert run(config, "risco", "SELECT n FROM depois") == [(1,)]
    assert not {name for name in names(config) if name.startswith("acude_")}
    run(config, "risco", "DROP TABLE depois")


@pytest.mark.usefixtures("backup_id")
def test_a_database_that_is_gone_comes_back_without_the_option(config: Settings, acude: Acude) -> None:
    before = everything(config)
    run(config, "postgres", "DROP DATABASE risco WITH (FORCE)")
    acude("restore", "--database", "risco")

    assert everything(config) == before
    asked = "SELECT has_database_privilege('public', 'risco', 'CONNECT')"
    assert run(config, "postgres", asked) == [(False,)]


def test_a_database_of_any_name_comes_back(config: Settings) -> None:
    name = "a=b 'ç' \"x\"/%41"
    quoted = Identifier(name)
    owner = parse_dsn(config.shop_dsn.get_secret_value()) | {"dbname": name}
    named = config.model_copy(update={"shop_dsn": SecretStr(make_dsn(**owner))})
    with closing(postgres.connect(config)) as session, session.cursor() as asked:
        asked.execute(SQL("CREATE DATABASE {} OWNER loja").format(quoted))
        run(config, name, 'CREATE TABLE "t = é" AS SELECT 7 AS n')
        made = create(named, lambda *_: None)
        asked.execute(SQL("DROP DATABASE {}").format(quoted))
        restore(named, made.id, [name], lambda *_: None, overwrite=False)
        assert run(config, name, 'SELECT n FROM "t = é"') == [(7,)]
        asked.execute(SQL("DROP DATABASE {}").format(quoted))


def test_without_a_backup_there_is_nothing_to_verify(acude: Acude) -> None:
    assert "There is no complete backup in bucket" in acude("verify", code=1).stderr


@pytest.mark.usefixtures("backup_id")
def test_a_database_or_backup_that_is_not_there_is_named(acude: Acude) -> None:
    unknown = "20200101T000000000000Z-000000"
    assert f"no complete backup '{unknown}'" in acude("verify", unknown, code=1).stderr
    assert "has no database 'lago'" in acude("restore", "--database", "lago", code=1).stderr


def test_writers_go_on_and_the_backup_has_one_moment(config: Settings, acude: Acude) -> None:
    dsn = config.warehouse_dsn.get_secret_value()
    run_as_owner(dsn, "CREATE TABLE debito (n integer); CREATE TABLE credito (n integer)")
    stop, written = threading.Event(), []

    def write() -> None:
        with closing(psycopg2.connect(dsn)) as session:
            while not stop.is_set():
                # Always as many rows in the one as in the other, and in that order.
                with session, session.cursor() as asked:
                    asked.execute("INSERT INTO debito VALUES (1)")
                    asked.execute("INSERT INTO credito VALUES (1)")
                written.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = [json.loads(acude("create", "--json").stdout) for _ in range(2)]
    finally:
        stop.set()
        writer.join()
    counts = [next(one["tabelas"] for one in backup["bancos"] if one["banco"] == "warehouse") for backup in made]
    assert all(one["public.debito"] == one["public.credito"] for one in counts)
    assert counts[0]["public.debito"] < counts[1]["public.debito"] <= len(written)
    acude("verify", made[1]["id"])
    run_as_owner(dsn, "DROP TABLE debito; DROP TABLE credito")


def test_while_a_moment_is_held_rows_come_but_no_table_goes(config: Settings) -> None:
    before = databases.count_rows(config, "loja")
    with databases.moment(config, "loja") as moment, closing(postgres.connect(config, "loja")) as other:
        with other.cursor() as asked:
            asked.execute("SET lock_timeout = '200ms'")
            for statement in ("TRUNCATE cofre", "DROP TABLE vazia", "ALTER TABLE vazia ADD m integer"):
                with pytest.raises(errors.LockNotAvailable):
                    asked.execute(statement)
            asked.execute("INSERT INTO vazia VALUES (1)")
        assert moment.rows == before
    run(config, "loja", "DELETE FROM vazia")


def test_a_table_that_comes_between_looking_and_locking_is_counted(
    config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, looks = databases._tables, []

    def look(asked: cursor) -> list[databases.Table]:
        found = real(asked)
        looks.append(len(found))
        if len(looks) == 1:
            run(config, "loja", "CREATE TABLE entretanto (n integer)")
        return found

    monkeypatch.setattr(databases, "_tables", look)
    with databases.moment(config, "loja") as moment:
        assert moment.rows["public.entretanto"] == 0
    run(config, "loja", "DROP TABLE entretanto")


@pytest.mark.usefixtures("backup_id")
def test_only_one_restore_or_verification_is_at_work(config: Settings, acude: Acude) -> None:
    with databases.alone(config):
        assert "Another restore or verification is at work" in acude("verify", code=1).stderr


def test_a_backup_that_fails_leaves_nothing(config: Settings, acude: Acude) -> None:
    run(config, "postgres", "ALTER DATABASE airflow RENAME TO outro")
    try:
        refused = acude("create", code=1)
    finally:
        run(config, "postgres", "ALTER DATABASE outro RENAME TO airflow")

    assert 'database "airflow" does not exist' in refused.stderr.replace("\n", " ")
    assert objects(config) == {}


def test_a_program_that_fails_is_an_error_at_its_output_s_end(config: Settings) -> None:
    with pytest.raises(BackupError) as refused:
        next(output(config, "pg_dump", ["--dbname=nenhum"]))

    assert "pg_dump failed" in refused.value.found
    assert 'database "nenhum" does not exist' in refused.value.found


def test_a_program_that_gives_up_is_an_error_without_the_rows_it_was_fed(config: Settings) -> None:
    twice = b"CREATE TEMP TABLE t (n bigint PRIMARY KEY);\nCOPY t FROM stdin;\n52998224725\n52998224725\n\\.\n"
    much = b"SELECT 1;\n" * 100_000
    with pytest.raises(BackupError) as refused:
        feed(config, "psql", ["--no-psqlrc", "--set=ON_ERROR_STOP=1", "--dbname=postgres"], iter([twice, much]))

    assert "psql failed" in refused.value.found
    assert "duplicate key" in refused.value.found
    assert "52998224725" not in "\n".join((refused.value.found, *refused.value.log))


def test_content_that_a_program_does_not_read_is_checked_all_the_same(config: Settings) -> None:
    def content() -> Iterator[bytes]:
        yield from [bytes(1_000_000)] * 3
        raise DamagedError("Its end is missing.")

    with pytest.raises(DamagedError):
        feed(config, "psql", ["--no-psqlrc", "--command=SELECT 1", "--dbname=postgres"], content())


def test_a_server_that_is_away_is_said_in_a_sentence(acude: Acude, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACUDE_POSTGRES_PORT", "1")
    refused = acude("create", code=1)
    assert "Traceback" not in refused.stderr
    assert "acude up" in refused.stderr
    monkeypatch.setenv("ACUDE_S3_ENDPOINT", "http://127.0.0.1:1")
    assert "S3 doesn't answer" in acude("list", code=1).stderr
