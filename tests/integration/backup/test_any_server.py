"""A backup of a server of which nothing is known but its address, and the nightly one."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from psycopg2.extensions import make_dsn

from acude.backup.databases import owners
from acude.backup.storage import Storage
from acude.local.platform import Platform
from acude.local.servers import postgres
from acude.orchestration.backups import back_up
from acude.settings import HOST, settings
from tests.integration.backup.conftest import Acude

Set = Callable[..., None]


@pytest.fixture
def elsewhere(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Set:
    """Has the commands know the server by an address alone: what is known of the local one is wrong."""

    def named(user: str, password: str, port: int = platform.config.postgres_port) -> None:
        dsn = make_dsn(host=HOST, port=port, user=user, password=password, dbname="postgres")
        monkeypatch.setenv("ACUDE_BACKUP_DSN", dsn)
        monkeypatch.setenv("ACUDE_BACKUP_PROGRAMS", str(Path(postgres.program("pg_dump")).parent))
        monkeypatch.setenv("ACUDE_POSTGRES_PORT", "1")
        monkeypatch.setenv("ACUDE_POSTGRES_PASSWORD", "")
        settings.cache_clear()

    return named


def test_a_server_that_an_address_names_is_backed_up_and_proved(
    platform: Platform, acude: Acude, elsewhere: Set
) -> None:
    elsewhere(postgres.SUPERUSER, platform.config.postgres_password.get_secret_value())
    acude("create")
    assert "all of it comes back" in acude("verify").output


LARGE_OBJECTS = """
    DO $$
    DECLARE each oid;
    BEGIN
        FOR each IN SELECT oid FROM pg_largeobject_metadata LOOP
            EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO guarda', each);
        END LOOP;
    END $$
"""
"""What `pg_read_all_data` leaves out; the platform has none, the tests' databases do."""


def in_database(platform: Platform, name: str, statement: str) -> None:
    with closing(postgres.connect(platform.config, name)) as session, session.cursor() as asked:
        asked.execute(statement)


def test_a_role_that_may_only_read_makes_a_backup(platform: Platform, acude: Acude, elsewhere: Set) -> None:
    in_database(platform, "postgres", "CREATE ROLE guarda LOGIN PASSWORD 'segredo' IN ROLE pg_read_all_data")
    names = list(owners(platform.config))
    try:
        for name in names:
            in_database(platform, "postgres", f'GRANT CONNECT ON DATABASE "{name}" TO guarda')
            in_database(platform, name, LARGE_OBJECTS)
        elsewhere("guarda", "segredo")
        acude("create")
    finally:
        for name in names:
            in_database(platform, name, "DROP OWNED BY guarda")
        in_database(platform, "postgres", "DROP ROLE guarda")
    elsewhere(postgres.SUPERUSER, platform.config.postgres_password.get_secret_value())
    assert "all of it comes back" in acude("verify").output


def test_a_server_with_none_of_the_databases_is_refused_in_a_sentence(
    platform: Platform, acude: Acude, elsewhere: Set
) -> None:
    elsewhere(postgres.SUPERUSER, platform.config.postgres_password.get_secret_value(), port=1)
    assert "None of the platform's databases lies on the server" in acude("create", code=1).output


def test_programs_that_are_not_there_are_refused_in_a_sentence(
    acude: Acude, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ACUDE_BACKUP_PROGRAMS", str(tmp_path))
    assert "ACUDE_BACKUP_PROGRAMS" in acude("create", code=1).output


def test_each_night_makes_a_backup_and_keeps_the_newest(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACUDE_BACKUP_KEPT", "2")
    settings.cache_clear()
    nights = [back_up() for _ in range(3)]
    assert storage.ids() == [nights[2]["backup"], nights[1]["backup"]]
    assert nights[2]["removed"] == [nights[0]["backup"]]
    assert all(nights[0]["rows"].values())


def test_a_night_without_a_key_is_skipped(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACUDE_BACKUP_KEYS", "")
    settings.cache_clear()
    with pytest.raises(AirflowSkipException, match="ACUDE_BACKUP_KEYS"):
        back_up()
    assert storage.ids() == []
