"""Brings a database to this version's schema, and says what it lacks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from acude.errors import AcudeError

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

VERSION_TABLE: Final = "versao_esquema"
"""Has the name of the last migration that was applied."""

_HERE: Final = Path(__file__).parent
_PATIENCE_S: Final = 5

_ALEMBIC: Final = Lock()
"""It keeps what it works on in variables of the process."""


class MigrationError(AcudeError):
    """A database can't be brought to this version's schema."""


@dataclass(frozen=True)
class Database:
    """A database with migrations.

    Attributes:
        name: shown to people.
        folder: its migrations: `v0001_what.sql`, and beside each the `.py` of that name which Alembic reads.
        schema: where the table of versions lies; None: where the role's own tables do.
    """

    name: str
    folder: Path
    schema: str | None = None


DECISIONS: Final = Database("decisions", _HERE / "decisions")
AUDIT: Final = Database("audit log", _HERE / "audit", "auditoria")
SHOP: Final = Database("shop", _HERE / "shop")


def steps(database: Database) -> list[str]:
    """Names of all migrations, in their order."""
    return sorted(path.stem for path in database.folder.glob("v*.sql"))


def version(database: Database, dsn: str) -> str | None:
    """The last migration that was applied; None where none was.

    Raises:
        MigrationError: the role has no right to look.
        psycopg.Error: the database does not answer, or refuses.
    """
    table = sql.Identifier(*filter(None, (database.schema, VERSION_TABLE)))
    with _refusals(database), _connected(dsn) as connection:
        known = connection.execute("SELECT to_regclass(%s)", (table.as_string(connection),)).fetchone()
        if not known or known[0] is None:
            return None
        row = connection.execute(sql.SQL("SELECT version_num FROM {}").format(table)).fetchone()
    return row[0] if row else None


def pending(database: Database, dsn: str) -> list[str]:
    """Names of the migrations that `migrate` would apply; raises as `version`.

    None where a newer version has been here: what it has changed, this one has to bear with.
    """
    found = version(database, dsn)
    return [name for name in steps(database) if found is None or name > found]


def migrate(database: Database, dsn: str) -> list[str]:
    """Applies the migrations that are missing: all of them or none. Safe to repeat and to run twice at once.

    Args:
        database: whose schema.
        dsn: where it is, with the login of its owner.

    Returns:
        Names of those that were applied.

    Raises:
        MigrationError: the role has no right to it.
        psycopg.Error: the database does not answer, or refuses.
    """
    applied: list[str] = []
    # A database that is up to date costs its process no Alembic: 22 MB and 0.3 s of CPU.
    if pending(database, dsn):
        with _ALEMBIC, _refusals(database), _transaction(dsn) as connection:
            _upgrade(_config(database, connection=connection, applied=applied), "head")
    return applied


def script(database: Database, after: str | None = None) -> str:
    """The SQL by which somebody with the rights to it does what `migrate` would do.

    Args:
        database: whose schema.
        after: the last migration that was applied; None: none was.
    """
    out = StringIO()
    config = _config(database)
    config.output_buffer = out
    with _ALEMBIC:
        _upgrade(config, f"{after}:head" if after else "head", sql=True)
    return out.getvalue()


def _upgrade(config: "Config", to: str, *, sql: bool = False) -> None:
    from alembic import command  # noqa: PLC0415 - most processes find nothing to do

    command.upgrade(config, to, sql=sql)


def _config(database: Database, **attributes: object) -> "Config":
    from alembic.config import Config  # noqa: PLC0415

    found = Config(attributes={"schema": database.schema, "version_table": VERSION_TABLE, **attributes})
    places = {"script_location": _HERE, "version_locations": database.folder, "path_separator": "newline"}
    for name, value in places.items():
        # It begins an interpolation there.
        found.set_main_option(name, str(value).replace("%", "%%"))
    return found


def _connected(dsn: str) -> psycopg.Connection[Any]:
    return psycopg.connect(dsn, connect_timeout=_PATIENCE_S, application_name="acude-migrations")


@contextmanager
def _transaction(dsn: str) -> "Iterator[Connection]":
    """A connection of SQLAlchemy's, as Alembic takes it; raises the driver's own errors."""
    from sqlalchemy import NullPool, create_engine  # noqa: PLC0415
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415

    engine = create_engine("postgresql+psycopg://", creator=lambda: _connected(dsn), poolclass=NullPool)
    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as problem:
        raise problem.orig or problem from None


@contextmanager
def _refusals(database: Database) -> Iterator[None]:
    """Says it in a sentence where a right is missing."""
    try:
        yield
    except InsufficientPrivilege as problem:
        raise MigrationError(
            f"The role of this address has no right to the schema of the {database.name} "
            f"({str(problem).splitlines()[0]}).",
            "Take the login of the role that owns it, or let its administrator do it.",
        ) from problem
