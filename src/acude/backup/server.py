"""The PostgreSQL server that is backed up: the one that `ACUDE_BACKUP_DSN` names, or else this machine's own."""

from collections.abc import Mapping
from typing import Final

import psycopg2
from psycopg2.extensions import connection, make_dsn, parse_dsn

from acude.backup.errors import BackupError
from acude.local.servers import postgres
from acude.settings import HOST, Settings

_CONNECT_S: Final = 5

_VARIABLES: Final = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}
"""What of an address libpq's programs take from their environment: on a command line a password would be public."""


def is_set_up(config: Settings) -> bool:
    """Whether there is a server to back up, and a key to do it with."""
    has_server = config.backup_dsn.get_secret_value() or config.postgres_password.get_secret_value()
    return bool(has_server and config.backup_keys.get_secret_value())


def connect(config: Settings, database: str) -> connection:
    """A connection of the server's administrator, each statement its own transaction.

    Raises:
        BackupError: no server is named.
        psycopg2.Error: it doesn't answer, or refuses.
    """
    if dsn := config.backup_dsn.get_secret_value():
        address = make_dsn(dsn, dbname=database, application_name="acude", connect_timeout=_CONNECT_S)
        session = psycopg2.connect(address)
        session.autocommit = True
        return session
    if not config.postgres_password.get_secret_value():
        raise BackupError(
            "No PostgreSQL server is named.",
            "Set ACUDE_BACKUP_DSN to the address of one (postgresql://user:password@host:port/postgres), or start the "
            "local one with `acude up`.",
        )
    return postgres.connect(config, database)


def administrator(config: Settings) -> str:
    """The role that backs up, and that owns what nobody else does."""
    dsn = config.backup_dsn.get_secret_value()
    return str(parse_dsn(dsn)["user"]) if dsn else postgres.SUPERUSER


def addresses(config: Settings) -> list[Mapping[str, str]]:
    """The platform's databases on the server: host, port, dbname and user of each.

    Raises:
        BackupError: none lies there.
    """
    known: list[Mapping[str, str]] = [parse_dsn(dsn) for dsn in postgres.dsns(config) if dsn]
    dsn = config.backup_dsn.get_secret_value()
    found = [one for one in known if _place(one) == _place(parse_dsn(dsn))] if dsn else known
    if not found:
        raise BackupError(
            "None of the platform's databases lies on the server that is to be backed up.",
            "ACUDE_BACKUP_DSN must have the host and port of ACUDE_RISK_DSN, ACUDE_SHOP_DSN, ACUDE_AIRFLOW_DSN or "
            "ACUDE_WAREHOUSE_DSN.",
        )
    return found


def _place(address: Mapping[str, str]) -> tuple[str, str]:
    host = address.get("host", "localhost").lower()
    return HOST if host == "localhost" else host, address.get("port", "5432")


def program(config: Settings, name: str) -> str:
    """The path of one of PostgreSQL's own programs."""
    return str(config.backup_programs / name) if config.backup_programs else postgres.program(name)


def environment(config: Settings) -> dict[str, str]:
    """The whole environment of those programs; nothing of the caller's."""
    dsn = config.backup_dsn.get_secret_value()
    if not dsn:
        return postgres.client_environment(config)
    address = parse_dsn(dsn)
    found = {variable: address[name] for name, variable in _VARIABLES.items() if name in address}
    return found | {"PGCONNECT_TIMEOUT": str(_CONNECT_S), "PGAPPNAME": "acude", "LC_ALL": "C"}
