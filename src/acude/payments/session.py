"""One connection to the decisions' database for a thread that uses it now and then; opened again after it was lost."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import psycopg

from acude.migrations.database import DECISIONS, migrate
from acude.settings import Settings

_CONNECT_S: Final = 2
_OPTIONS: Final = "-c statement_timeout=10000"
_SILENCE_MS: Final = 5_000
"""A connection is lost when nothing is acknowledged for this long: a dead network must not hold a thread."""


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
        if self._connection is None:
            self._connection = psycopg.connect(
                self._dsn,
                connect_timeout=_CONNECT_S,
                application_name=self._name,
                options=_OPTIONS,
                tcp_user_timeout=_SILENCE_MS,
                autocommit=True,
            )
        try:
            yield self._connection
        except psycopg.Error:
            self.close()
            raise

    def close(self) -> None:
        """Closes the connection."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
        self._connection = None
