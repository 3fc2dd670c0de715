"""The decisions' database for the commands that ask it."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from acude.commands.output import err

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

_CONNECT_S = 3


@contextmanager
def decisions_database(*, autocommit: bool = False) -> "Iterator[Connection[Any]]":
    """A connection, committed at the end; exit code 2, and a sentence, where the database does not answer or refuses.

    Args:
        autocommit: each statement is its own transaction.
    """
    import psycopg  # noqa: PLC0415 - --help does without it

    from acude.settings import settings  # noqa: PLC0415

    try:
        with psycopg.connect(
            settings().risk_dsn.get_secret_value(),
            autocommit=autocommit,
            connect_timeout=_CONNECT_S,
            application_name="acude-cli",
        ) as connection:
            yield connection
    except psycopg.OperationalError as problem:
        err.print(f"[red]✗[/red] The decisions' database does not answer ({type(problem).__name__}).")
        err.print("  Start the platform with `acude up`, or see `acude status`.")
        raise typer.Exit(2) from None
    except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege) as problem:
        err.print(f"[red]✗[/red] The decisions' database is not complete ({type(problem).__name__}).")
        err.print("  `acude up` completes it on one machine; elsewhere its administrator runs payments/audit.sql.")
        raise typer.Exit(2) from None
    except psycopg.Error as problem:
        err.print(f"[red]✗[/red] The decisions' database refused ({type(problem).__name__}); nothing was changed.")
        err.print("  Somebody else may have done the same at this moment: look, and run the command again.")
        raise typer.Exit(2) from None
