"""An empty database for each test."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from psycopg2 import sql

from acude.local.platform import Platform
from acude.local.servers.postgres import connect
from tests.servers import servers


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """PostgreSQL."""
    with servers("postgres") as found:
        yield found


@pytest.fixture
def new_database(platform: Platform) -> Iterator[Callable[[], str]]:
    """Makes an empty database that the role of the decisions owns, and gives its address."""
    session, made = connect(platform.config), []

    def make() -> str:
        made.append(f"migrations_{uuid4().hex[:8]}")
        with session.cursor() as cursor:
            cursor.execute(sql.SQL("CREATE DATABASE {} OWNER risco").format(sql.Identifier(made[-1])))
        return f"{platform.config.risk_dsn.get_secret_value().rpartition('/')[0]}/{made[-1]}"

    yield make
    with session.cursor() as cursor:
        for name in made:
            cursor.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    session.close()


@pytest.fixture
def dsn(new_database: Callable[[], str]) -> str:
    """The address of an empty database."""
    return new_database()


@pytest.fixture
def as_administrator(platform: Platform) -> Callable[[str], str]:
    """An address with the login of the server's administrator."""
    password = platform.config.postgres_password.get_secret_value()
    return lambda dsn: f"postgresql://postgres:{password}@{dsn.partition('@')[2]}"
