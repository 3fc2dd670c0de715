"""The decisions' database for the commands that ask it."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from acude.errors import AcudeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

_CONNECT_S = 3


class DecisionsDatabaseError(AcudeError):
    """The decisions' database does not answer or refuses."""


@contextmanager
def decisions_database(*, autocommit: bool = False) -> "Iterator[Connection[Any]]":
    """A connection, committed at the end.

    Args:
        autocommit: each statement is its own transaction.

    Raises:
        DecisionsDatabaseError: the database does not answer or refuses.
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
        raise DecisionsDatabaseError(
            f"The decisions' database does not answer ({type(problem).__name__}).",
            "Start the platform with `acude up`, or see `acude status`.",
        ) from None
    except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege) as problem:
        raise DecisionsDatabaseError(
            f"The decisions' database is not complete ({type(problem).__name__}).",
            "`acude up` completes it on one machine; elsewhere `acude init` does, or says who can.",
        ) from None
    except psycopg.Error as problem:
        raise DecisionsDatabaseError(
            f"The decisions' database refused ({type(problem).__name__}); nothing was changed.",
            "Somebody else may have done the same at this moment: look, and run the command again.",
        ) from None
