"""Connections to the audit log, and its newest rows."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from typer.testing import CliRunner, Result

from acude.cli import app
from acude.local.platform import Platform
from acude.payments.audit_log import ACCESS, Search, append, audit_event, head, pages
from acude.payments.audit_verification import verify
from acude.payments.hash_chain import AuditRow
from acude.settings import Settings
from tests.waiting import awaited

Sql = Connection[Any]


@pytest.fixture(scope="session", autouse=True)
def sound(platform: Platform) -> None:
    """A log without differences: tests of other parts, in an earlier run, may have deleted decisions of theirs."""
    with superusers(platform.config) as connection:
        if verify(connection).broken is None:
            return
    platform.stop("risk-worker")
    with superusers(platform.config) as connection:
        connection.execute("TRUNCATE auditoria.trilha, decisoes, listas")
    platform.start("risk-worker")


@pytest.fixture
def own(platform: Platform) -> Iterator[Sql]:
    """The platform's own role; rolled back at the end."""
    with psycopg.connect(platform.config.risk_dsn.get_secret_value()) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def superuser(platform: Platform) -> Iterator[Sql]:
    """A superuser, triggers off; rolled back at the end."""
    with superusers(platform.config) as connection:
        yield connection
        connection.rollback()


def superusers(config: Settings) -> Sql:
    found = psycopg.connect(
        host="127.0.0.1", port=config.postgres_port, user="postgres", dbname="risco",
        password=config.postgres_password.get_secret_value(),
    )  # fmt: skip
    found.execute("SET session_replication_role = replica")
    return found


def audit(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["audit", *arguments])


def rows(
    connection: Sql, *, tipo: str | None = None, quem: str | None = None, objeto: str | None = None
) -> list[AuditRow]:
    connection.commit()
    return Search(tipo, quem, objeto).rows(connection, 1_000)


def chained(connection: Sql, number: int, *, tipo: str | None = None, objeto: str | None = None) -> list[AuditRow]:
    """Such rows, as soon as there are `number`."""
    return awaited(lambda: rows(connection, tipo=tipo, objeto=objeto), lambda found: len(found) >= number)


@pytest.fixture
def newest(platform: Platform) -> list[AuditRow]:
    """Five rows at the audit log's end."""
    with psycopg.connect(platform.config.risk_dsn.get_secret_value()) as connection:
        before = head(connection)
        append(connection, [audit_event(ACCESS, "test", f"{number}") for number in range(5)])
        return next(pages(connection, before.numero))
