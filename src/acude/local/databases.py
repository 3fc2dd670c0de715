"""What an administrator does on the database server: its roles, a database for each DSN, what each role may do.

`acude up` runs it on the local server, and `acude docker secrets` writes it into the file that a new server runs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

PANEL: Final = "painel"
"""The role with which dashboards read the payments by minute and hour."""


@dataclass(frozen=True)
class Step:
    """A statement, and the question whose answer has a row where the statement was run before; empty: run it again."""

    statement: str
    known: str = ""


def server(dsns: Iterable[str], risk: str, panel_password: str = "") -> list[Step]:
    """All roles and databases of a server.

    Args:
        dsns: the databases, each with its owner's login.
        risk: the one that dashboards read.
        panel_password: of their role; empty: it has none, or keeps what an administrator gave it.
    """
    of_databases = [step for dsn in dsns for step in database(dsn)]
    return [*of_databases, *role(PANEL, panel_password), *read_grant(PANEL, risk)]


def role(name: str, password: str) -> list[Step]:
    """A role that may log in with this password; with an empty one its password stays as it is, at first none."""
    known = sql.SQL("SELECT FROM pg_roles WHERE rolname = {}").format(name)
    create = sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name))
    made = Step(create.as_string(), known.as_string())
    if not password:
        return [made]
    word = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(name), password)
    return [made, Step(word.as_string())]


def database(dsn: str) -> list[Step]:
    """A DSN's role and database. Nobody else gets in: a new database is open to every role of its server."""
    part = _parts(dsn)
    name, owner = sql.Identifier(part["dbname"]), sql.Identifier(part["user"])
    known = sql.SQL("SELECT FROM pg_database WHERE datname = {}").format(part["dbname"])
    create = sql.SQL("CREATE DATABASE {} OWNER {}").format(name, owner)
    return [
        *role(part["user"], part["password"]),
        Step(create.as_string(), known.as_string()),
        closed(part["dbname"]),
    ]


def closed(database: str) -> Step:
    """Nobody gets into a database but its owner, and who is let in."""
    return Step(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)).as_string())


def audit_grant(dsn: str) -> list[Step]:
    """In the DSN's own database, whose audit log is the administrator's: the DSN's role may append to it, no more."""
    grant = sql.SQL("GRANT acude_trilha TO {}").format(sql.Identifier(_parts(dsn)["user"]))
    return [Step(grant.as_string())]


def read_grant(name: str, dsn: str) -> list[Step]:
    """Lets a role into the DSN's database, where its owner says what it sees."""
    named = sql.Identifier(_parts(dsn)["dbname"]), sql.Identifier(name)
    return [Step(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(*named).as_string())]


def _parts(dsn: str) -> dict[str, str]:
    return {name: str(value) for name, value in conninfo_to_dict(dsn).items()}
