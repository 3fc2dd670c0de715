"""One connection to the decisions' database for a thread that uses it now and then; opened again after it was lost."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import psycopg
from psycopg_pool import ConnectionPool

from acude.migrations.database import DECISIONS, migrate
from acude.settings import Settings

_CONNECT_S: Final = 2
_OPTIONS: Final = "-c statement_timeout=10000"
_SILENCE_MS: Final = 5_000
"""A connection is lost when nothing is acknowledged for this long: a dead network must not hold a thread."""
_IDLE_S: Final = 0.1
"""A connection that was idle for longer is tried first: a server that restarted meanwhile has closed it."""


class Session:
    """A connection that is opened when it is needed. For one thread at a time.

    Args:
        config: its `risk_dsn` names the database.
        name: shown by the database's own list of sessions.
    """

    def __init__(self, config: Settings, name: str) -> None:
        self._dsn = config.risk_dsn.get_secret_value()
        self._name = name
        self._connection: psycopg.Connection[Any] | None = None
        self._used_at = 0.0

    def migrate(self) -> None:
        """Brings the database to this version's schema: this process may be the first one on a new database.

        Raises:
            MigrationError: the role has no right to it.
            psycopg.Error: the database does not answer, or refuses.
        """
        migrate(DECISIONS, self._dsn)

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Connection[Any]]:
        """A transaction: committed at the end, rolled back on an exception.

        Raises:
            psycopg.Error: the database does not answer, or refuses.
        """
        with self.statement() as connection, connection.transaction():
            yield connection

    @contextmanager
    def statement(self) -> Iterator[psycopg.Connection[Any]]:
        """The connection, for a statement that is a transaction of its own: one round trip.

        Raises:
            psycopg.Error: the database does not answer, or refuses.
        """
        connection = self._alive() or self._opened()
        try:
            yield connection
        except psycopg.Error:
            self.close()
            raise
        finally:
            self._used_at = time.monotonic()

    def _alive(self) -> psycopg.Connection[Any] | None:
        """The connection, unless there is none or it was lost while it was idle."""
        if self._connection is not None and time.monotonic() - self._used_at > _IDLE_S:
            try:
                ConnectionPool.check_connection(self._connection)
            except psycopg.OperationalError:
                self.close()
        return self._connection

    def _opened(self) -> psycopg.Connection[Any]:
        self._connection = psycopg.connect(
            self._dsn,
            connect_timeout=_CONNECT_S,
            application_name=self._name,
            options=_OPTIONS,
            tcp_user_timeout=_SILENCE_MS,
            autocommit=True,
        )
        return self._connection

    def close(self) -> None:
        """Closes the connection."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
        self._connection = None
