"""Asks Athena as an analyst's own client does: PyAthena."""

from dataclasses import dataclass
from typing import Any

import pyathena
from botocore.exceptions import BotoCoreError
from pyathena.error import Error

from acude.errors import AcudeError
from acude.settings import Settings, settings

_ENGINE = "GENERIC_INTERNAL_ERROR"
"""What Athena's reason begins with where the engine is to blame, not the query."""


_NEXT = "Start the platform with `acude up`; where it runs, `acude logs athena` has more."


class QueryFailed(AcudeError):  # noqa: N818 - reads as what happened
    """A query that Athena refused; its text has Athena's reason."""


class AthenaUnavailable(QueryFailed):
    """Athena or its engine does not answer."""

    retryable = True


@dataclass(frozen=True)
class QueryResult:
    """A query's answer.

    Attributes:
        columns: Column names.
        rows: PyAthena's values: int, float, Decimal, bool, date, datetime, bytes, list, dict; None for null.
    """

    columns: list[str]
    rows: list[tuple[Any, ...]]


def run_query(sql: str, *, database: str | None = None, config: Settings | None = None) -> QueryResult:
    """Runs SQL on Athena and waits for its rows.

    Args:
        sql: One statement.
        database: The default database.
        config: Other settings than the process's own.

    Raises:
        QueryFailed: With Athena's reason.
        AthenaUnavailable: Athena or its engine does not answer.
    """
    config = config or settings()
    options: dict[str, Any] = dict(config.aws_options())
    connection = pyathena.connect(
        s3_staging_dir=f"s3://{config.results_bucket}/",
        work_group=config.athena_workgroup,
        schema_name=database or "default",
        endpoint_url=config.athena_endpoint,
        poll_interval=0.1,
        **options,
    )
    with connection, connection.cursor() as cursor:
        try:
            cursor.execute(sql)
            rows = cursor.fetchall()
        except Error as error:
            if isinstance(error.__cause__, BotoCoreError) or str(error).startswith(_ENGINE):
                raise AthenaUnavailable(f"Athena does not answer: {error}", _NEXT) from error
            raise QueryFailed(f"Athena refused the query: {error}") from error
        return QueryResult([column[0] for column in cursor.description or ()], rows)
