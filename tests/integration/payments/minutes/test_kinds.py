"""The time series' tables are TimescaleDB's where the server can do all that they need, and plain ones elsewhere."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import Connection, sql
from psycopg.conninfo import make_conninfo

from acude.local.platform import Platform
from acude.local.servers.postgres import SUPERUSER
from acude.payments.series.loader import kind_for
from acude.payments.series.schema import Kind

_CONTROL = "default_version = '1'\nrelocatable = true\n"


@pytest.fixture
def server(platform: Platform, database: str) -> Iterator[Connection]:
    """A superuser's session that sees what a server with TimescaleDB shows, as far as the test says."""
    config = platform.config
    dsn = make_conninfo(database, user=SUPERUSER, password=config.postgres_password.get_secret_value())
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA mostra")
        try:
            yield connection
        finally:
            connection.execute("DROP EXTENSION IF EXISTS timescaledb")
            connection.execute("DROP SCHEMA mostra CASCADE")


@pytest.fixture
def installed(server: Connection, platform: Platform) -> Connection:
    """The extension's files are there: empty ones of the test's own."""
    folder = platform.config.var / "extensoes" / "extension"
    folder.mkdir(parents=True, exist_ok=True)
    # The database's server may be another user.
    for one in (folder, folder.parent):
        one.chmod(0o755)
    for name, text in {"timescaledb.control": _CONTROL, "timescaledb--1.sql": ""}.items():
        _readable(folder / name, text)
    server.execute(sql.SQL("SET extension_control_path = {}").format(f"{folder.parent}:$system"))
    return server


def _readable(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o644)


def _preloaded(server: Connection, licence: str) -> None:
    """Shows the setting that the library makes, before PostgreSQL's own view, and the licence."""
    server.execute("CREATE VIEW mostra.pg_settings AS SELECT 'timescaledb.disable_load' AS name")
    server.execute("SET search_path = mostra, public, pg_catalog")
    server.execute(sql.SQL("SET timescaledb.license = {}").format(licence))


def _extensions(server: Connection) -> list[str]:
    return [name for (name,) in server.execute("SELECT extname FROM pg_extension WHERE extname = 'timescaledb'")]


def test_a_server_without_timescaledb_gets_plain_tables(server: Connection) -> None:
    assert kind_for(server) is Kind.PLAIN


def test_a_server_that_has_not_loaded_it_gets_plain_tables_and_no_extension(installed: Connection) -> None:
    # A setting of the file alone makes no library; making the extension would end the session there.
    installed.execute("SET timescaledb.max_background_workers = 8")
    installed.execute("SET timescaledb.license = 'timescale'")
    assert kind_for(installed) is Kind.PLAIN
    assert _extensions(installed) == []


def test_the_apache_licence_has_plain_tables(installed: Connection) -> None:
    _preloaded(installed, "apache")
    assert kind_for(installed) is Kind.PLAIN


def test_a_role_that_may_not_make_the_extension_gets_plain_tables(installed: Connection) -> None:
    _preloaded(installed, "timescale")
    installed.execute("CREATE ROLE sem_direito")
    try:
        installed.execute("GRANT USAGE ON SCHEMA mostra TO sem_direito")
        installed.execute("GRANT SELECT ON mostra.pg_settings TO sem_direito")
        installed.execute("SET ROLE sem_direito")
        assert kind_for(installed) is Kind.PLAIN
    finally:
        installed.execute("RESET ROLE")
        installed.execute("DROP OWNED BY sem_direito")
        installed.execute("DROP ROLE sem_direito")


def test_all_of_timescaledb_is_used(installed: Connection) -> None:
    _preloaded(installed, "timescale")
    assert kind_for(installed) is Kind.TIMESCALEDB
    assert _extensions(installed) == ["timescaledb"]
    assert kind_for(installed) is Kind.TIMESCALEDB
