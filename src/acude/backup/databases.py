"""The databases on the server: one moment of each, a place to bring it back to, and how both are compared."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg2
from psycopg2 import errors, sql
from psycopg2.extensions import TRANSACTION_STATUS_IDLE, connection, cursor, make_dsn
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from acude.backup import server
from acude.backup.errors import BackupError
from acude.local.databases import closed
from acude.migrations.database import VERSION_TABLE
from acude.settings import Settings

_LOCK_WITHIN: Final = "60s"
_ATTEMPTS: Final = 5
_ALONE: Final = 0x61637564
"""Number of the lock that restores and verifications take: they make databases of fixed names."""

# Partitions are tables of their own; what an extension owns comes with the extension.
_TABLES: Final = """
    SELECT n.nspname, c.relname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
      AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 1, 2
"""

Table = tuple[str, str]
"""Schema and name."""


@dataclass(frozen=True)
class Moment:
    """A database at one moment, held as long as its session.

    Attributes:
        snapshot: what PostgreSQL's programs call it.
        at: the server's clock.
        rows: of each table, by schema.table.
        timescaledb: the extension's version; None where the database has none.
    """

    snapshot: str
    at: datetime
    rows: Mapping[str, int]
    timescaledb: str | None


class _TablesChangedError(Exception):
    """A table came or went between looking and locking."""


@contextmanager
def session(config: Settings, database: str = "postgres") -> Iterator[connection]:
    """The administrator's connection; what PostgreSQL refuses is said in a sentence.

    Raises:
        BackupError: the server doesn't answer, or refuses.
    """
    try:
        with closing(server.connect(config, database)) as found:
            yield found
    except psycopg2.Error as problem:
        said = (str(problem).splitlines() or [type(problem).__name__])[0]
        raise BackupError(
            f"PostgreSQL refuses to work on {database}: {said}.",
            "Start it with `acude up --detach --only postgres`, or see `acude logs postgres`; another one is that of "
            "ACUDE_BACKUP_DSN.",
        ) from None


def owners(config: Settings) -> dict[str, str]:
    """The databases that are backed up, each with its owner's role."""
    return {one["dbname"]: one["user"] for one in server.addresses(config)}


def option(database: str) -> str:
    """What a program of PostgreSQL is given, which would take a name with `=` for a whole address."""
    return f"--dbname={make_dsn(dbname=database)}"


def server_version(config: Settings) -> str:
    """As in 18.4."""
    with session(config) as found, found.cursor() as asked:
        return str(_one(asked, "SHOW server_version")[0])


@contextmanager
def moment(config: Settings, database: str) -> Iterator[Moment]:
    """One moment of a database, while others go on writing.

    Its tables can't be dropped, changed or truncated until the end, because a truncated table would be empty in every
    snapshot; rows come and go as ever.
    """
    with session(config, database) as found, found.cursor() as asked:
        asked.execute("SELECT set_config('lock_timeout', %s, false)", (_LOCK_WITHIN,))
        attempts = Retrying(
            retry=retry_if_exception_type((_TablesChangedError, errors.UndefinedTable)),
            stop=stop_after_attempt(_ATTEMPTS),
            retry_error_callback=lambda _: _never_still(database),
        )
        tables = attempts(_hold, asked)
        snapshot, at = _one(asked, "SELECT pg_export_snapshot(), now()")
        (version,) = _one(asked, "SELECT max(extversion) FROM pg_extension WHERE extname = 'timescaledb'")
        yield Moment(snapshot, at, _rows(asked, tables), version)


def count_rows(config: Settings, database: str) -> dict[str, int]:
    """Rows of each table, by schema.table; also where TimescaleDB waits for the end of a restore."""
    with session(config, database) as found, found.cursor() as asked:
        asked.execute("SET timescaledb.restoring = 'off'")
        return _rows(asked, _tables(asked))


def first_with_rows(config: Settings, database: str) -> str | None:
    """A table that holds data; None where there is none, or no such database. The schema's version is no data."""
    with session(config) as found, found.cursor() as asked:
        if not _exists(asked, database):
            return None
    with session(config, database) as found, found.cursor() as asked:
        for table in (one for one in _tables(asked) if one[1] != VERSION_TABLE):
            asked.execute(sql.SQL("SELECT FROM {} LIMIT 1").format(sql.Identifier(*table)))
            if asked.rowcount:
                return ".".join(table)
    return None


@contextmanager
def alone(config: Settings) -> Iterator[None]:
    """One restore or verification at a time.

    Raises:
        BackupError: another one is at work.
    """
    with session(config) as found, found.cursor() as asked:
        if not _one(asked, "SELECT pg_try_advisory_lock(%s)", (_ALONE,))[0]:
            raise BackupError("Another restore or verification is at work on this server.", "Wait until it is over.")
        yield


def create(config: Settings, database: str, owner: str | None = None) -> None:
    """A new, empty database in place of whatever has this name; nobody but its owner gets in."""
    drop(config, database)
    with session(config) as found, found.cursor() as asked:
        owned = sql.SQL("OWNER {}").format(sql.Identifier(owner or server.administrator(config)))
        asked.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' {}").format(sql.Identifier(database), owned)
        )
        asked.execute(closed(database).statement)


def drop(config: Settings, database: str) -> None:
    """Removes a database and ends its sessions."""
    with session(config) as found, found.cursor() as asked:
        asked.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


def expect_timescaledb(config: Settings, database: str, version: str) -> None:
    """Makes the extension in a new database and has it wait, so that its own tables can be filled like any others.

    Its jobs don't run from here on: none can change a row before the rows are compared.

    Raises:
        BackupError: the server can't make this version, and no other reads what it stored.
    """
    with session(config, database) as found, found.cursor() as asked:
        try:
            asked.execute("CREATE EXTENSION timescaledb VERSION %s", (version,))
        except psycopg2.Error as problem:
            said = (str(problem).splitlines() or [type(problem).__name__])[0]
            raise BackupError(
                f"The backup needs TimescaleDB {version}, which this server can't make: {said}.",
                "Install that version and name it in shared_preload_libraries; update it after the restore.",
            ) from None
        asked.execute("SELECT timescaledb_pre_restore()")


def resume_timescaledb(config: Settings, database: str) -> None:
    """Ends what `expect_timescaledb` began, and starts the extension's jobs."""
    with session(config, database) as found, found.cursor() as asked:
        asked.execute("SELECT timescaledb_post_restore()")


def analyze(config: Settings, database: str) -> None:
    """Has the planner know the tables."""
    with session(config, database) as found, found.cursor() as asked:
        asked.execute("ANALYZE")


def put_in_place(config: Settings, staged: Mapping[str, str]) -> None:
    """Gives databases the names of others, which go: all or none, in one transaction.

    Args:
        config: of the server.
        staged: the name to take, by the present name.
    """
    with session(config) as found, found.cursor() as asked:
        replaced = {name: _replaced(name) for name in staged.values() if _exists(asked, name)}
        for old in replaced.values():
            drop(config, old)
        try:
            for name in replaced:
                _shut(asked, name)
            asked.execute("BEGIN")
            for name, old in replaced.items():
                _rename(asked, name, old)
            for name, taken in staged.items():
                _rename(asked, name, taken)
            asked.execute("COMMIT")
        except BaseException:
            asked.execute("ROLLBACK")
            for name in replaced:
                _allow(asked, name, connections=True)
            raise
    for old in replaced.values():
        drop(config, old)


def _replaced(name: str) -> str:
    return f"acude_antes_{name}"


def _hold(asked: cursor) -> list[Table]:
    """Begins the transaction of a snapshot in which every table is locked, and gives the tables."""
    if asked.connection.info.transaction_status != TRANSACTION_STATUS_IDLE:
        asked.execute("ROLLBACK")
    before = _tables(asked)
    asked.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    if before:
        # Before the first question, which takes the snapshot.
        names = sql.SQL(", ").join(sql.Identifier(*table) for table in before)
        asked.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(names))
    if _tables(asked) != before:
        raise _TablesChangedError
    return before


def _never_still(database: str) -> list[Table]:
    raise BackupError(
        f"The tables of {database} changed each of the {_ATTEMPTS} times that they were looked at.",
        "Try again when no tables are created or dropped there.",
    )


def _tables(asked: cursor) -> list[Table]:
    asked.execute(_TABLES)
    return [(schema, name) for schema, name in asked.fetchall()]


def _rows(asked: cursor, tables: list[Table]) -> dict[str, int]:
    counted = {}
    for table in tables:
        asked.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(*table)))
        counted[".".join(table)] = int((asked.fetchone() or (0,))[0])
    return counted


def _one(asked: cursor, question: str, values: tuple[object, ...] = ()) -> Any:  # noqa: ANN401 - as the server answers
    asked.execute(question, values)
    return asked.fetchone()


def _exists(asked: cursor, database: str) -> bool:
    return _one(asked, "SELECT 1 FROM pg_database WHERE datname = %s", (database,)) is not None


def _shut(asked: cursor, database: str) -> None:
    """Ends all sessions in a database and refuses new ones."""
    _allow(asked, database, connections=False)
    asked.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (database,))


def _allow(asked: cursor, database: str, *, connections: bool) -> None:
    allowed = sql.SQL("true" if connections else "false")
    asked.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(sql.Identifier(database), allowed))


def _rename(asked: cursor, database: str, name: str) -> None:
    asked.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(database), sql.Identifier(name)))
