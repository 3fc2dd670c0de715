"""Connections to the warehouse. psycopg2 speaks to both kinds, since Redshift speaks PostgreSQL's protocol."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, Literal, cast

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 (a class that psycopg2 writes small)
from psycopg2.extensions import parse_dsn
from tenacity import before_sleep_log, retry, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from acude.settings import Settings, settings
from acude.warehouse import statements
from acude.warehouse.errors import UnreachableError
from acude.warehouse.target import LOADS

log = logging.getLogger(__name__)

Kind = Literal["postgres", "redshift"]

ATTEMPTS = 5
CONNECT_TIMEOUT_S = 10


@retry(
    retry=retry_if_exception_type(psycopg2.OperationalError),
    stop=stop_after_attempt(ATTEMPTS),
    wait=wait_exponential_jitter(multiplier=0.2, max=5),
    before_sleep=before_sleep_log(log, logging.WARNING),
    reraise=True,
)
def _connect(dsn: str) -> Connection:
    return psycopg2.connect(dsn, connect_timeout=CONNECT_TIMEOUT_S, application_name="acude")


def connect(config: Settings | None = None) -> Connection:
    """An open connection; it waits for a database that is just starting.

    Raises:
        UnreachableError: no warehouse is configured, or it didn't answer after some attempts.
    """
    config = config or settings()
    dsn = config.warehouse_dsn.get_secret_value()
    if not dsn:
        raise UnreachableError(
            "No warehouse is configured: ACUDE_WAREHOUSE_DSN is empty.",
            "Start the platform with `acude up`, or set the DSN of your Redshift.",
        )
    try:
        return _connect(dsn)
    except psycopg2.OperationalError as problem:
        place = parse_dsn(dsn)
        where = f"{place.get('host', 'the local socket')}:{place.get('port', 5432)}/{place.get('dbname', '')}"
        raise UnreachableError(
            f"The warehouse at {where} gave no connection after {ATTEMPTS} attempts: {str(problem).strip()}.",
            "See `acude status` and `acude logs postgres` (on AWS: the workgroup's state and its security group).",
        ) from problem


class Session:
    """One transaction's statements.

    Attributes:
        kind: which database it is.
    """

    def __init__(self, connection: Connection, kind: Kind) -> None:
        self.kind = kind
        self._connection = connection

    def run(self, statement: str, *values: object) -> None:
        """Sends one statement and ignores its answer."""
        self.rows(statement, *values, answer=False)

    def rows(self, statement: str, *values: object, answer: bool = True) -> Sequence[tuple[Any, ...]]:
        """Sends one statement; its rows."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cast("Sequence[tuple[Any, ...]]", cursor.fetchall()) if answer else ()

    def one(self, statement: str, *values: object) -> tuple[Any, ...]:
        """Sends one statement that answers with one row."""
        return self.rows(statement, *values)[0]

    def copy_in(self, statement: str, csv: BinaryIO) -> None:
        """PostgreSQL only: sends a COPY FROM STDIN and its CSV, a readable file of bytes."""
        with self._connection.cursor() as cursor:
            cursor.copy_expert(statement, csv)

    def lock(self, name: str) -> None:
        """Waits for other transactions that hold the same lock, and holds it until this one ends.

        Redshift has no named locks, so there all loads share one.
        """
        if self.kind == "postgres":
            self.rows(statements.LOCK_POSTGRES, f"acude/{name}")
        else:
            self.run(statements.lock_redshift(LOADS))


@contextmanager
def transaction(connection: Connection, kind: Kind) -> Iterator[Session]:
    """One transaction: committed at the end, rolled back where anything is raised."""
    with connection:
        yield Session(connection, kind)
