"""A database with TimescaleDB comes back: its own tables take rows only between its two steps of a restore.

The extension here is the test's: as TimescaleDB does, it refuses its catalogue's rows outside a restore.
"""

import json
from collections.abc import Iterator

import pytest

from acude.local.servers.postgres import SUPERUSER
from acude.settings import Settings
from tests.integration.backup.conftest import Acude, run

VERSION = "2.29.2"
_SCRIPT = """
CREATE SCHEMA _timescaledb_catalog;
CREATE TABLE _timescaledb_catalog.hypertable (id int PRIMARY KEY, table_name name);
SELECT pg_extension_config_dump('_timescaledb_catalog.hypertable', '');
CREATE FUNCTION _timescaledb_catalog.only_while_restoring() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('timescaledb.restoring', true), '') <> 'on' THEN
        RAISE 'could not find hypertable with id %', NEW.id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE INSERT ON _timescaledb_catalog.hypertable
FOR EACH ROW EXECUTE FUNCTION _timescaledb_catalog.only_while_restoring();
CREATE FUNCTION timescaledb_pre_restore() RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER DATABASE %I SET timescaledb.restoring = ''on''', current_database());
    RETURN true;
END $$;
CREATE FUNCTION timescaledb_post_restore() RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER DATABASE %I RESET timescaledb.restoring', current_database());
    RETURN true;
END $$;
"""


@pytest.fixture
def with_timescaledb(config: Settings) -> Iterator[Settings]:
    """The decisions' database has the extension, with one row of its catalogue and one of a table."""
    folder = config.var / "extensoes" / "extension"
    folder.mkdir(parents=True, exist_ok=True)
    # The database's server may be another user.
    for one in (folder, folder.parent):
        one.chmod(0o755)
    for name, text in {
        "timescaledb.control": f"default_version = '{VERSION}'\nrelocatable = false\n",
        f"timescaledb--{VERSION}.sql": _SCRIPT,
    }.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o644)
    run(config, "postgres", f"ALTER ROLE {SUPERUSER} SET extension_control_path = '{folder.parent}:$system'")
    run(config, "risco", "CREATE EXTENSION timescaledb")
    run(
        config, "risco", "SET timescaledb.restoring = 'on'; INSERT INTO _timescaledb_catalog.hypertable VALUES (1, 'm')"
    )
    run(config, "risco", "CREATE TABLE m AS SELECT 7 AS n")
    yield config
    run(config, "risco", "DROP TABLE m; DROP EXTENSION timescaledb CASCADE")
    run(config, "postgres", f"ALTER ROLE {SUPERUSER} RESET extension_control_path")


def restoring(config: Settings) -> list[tuple[object, ...]]:
    """Databases that wait for the end of a restore."""
    return run(
        config,
        "postgres",
        "SELECT datname FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase "
        "WHERE 'timescaledb.restoring=on' = ANY (setconfig)",
    )


def test_a_database_with_timescaledb_is_proved_and_comes_back(with_timescaledb: Settings, acude: Acude) -> None:
    config = with_timescaledb
    made = json.loads(acude("create", "--json").stdout)
    versions = {one["banco"]: one["versao_timescaledb"] for one in made["bancos"]}
    assert versions.pop("risco") == VERSION
    assert set(versions.values()) == {None}

    assert json.loads(acude("verify", "--json").stdout)["valido"]

    run(config, "risco", "UPDATE m SET n = 8")
    acude("restore", "--database", "risco", "--overwrite")
    assert run(config, "risco", "SELECT n FROM m") == [(7,)]
    assert run(config, "risco", "SELECT id FROM _timescaledb_catalog.hypertable") == [(1,)]
    assert restoring(config) == []


def test_a_server_without_the_version_says_which_one_it_needs(with_timescaledb: Settings, acude: Acude) -> None:
    acude("create")
    (with_timescaledb.var / "extensoes" / "extension" / f"timescaledb--{VERSION}.sql").unlink()
    refused = acude("restore", "--database", "risco", "--overwrite", code=1)
    assert f"needs TimescaleDB {VERSION}" in refused.stderr
    assert run(with_timescaledb, "risco", "SELECT n FROM m") == [(7,)]
