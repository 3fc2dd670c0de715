"""DuckDB: one database in this process, a cursor a query, extensions from the installed wheels."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb

from acude.athena.errors import LOCAL_REASON, QueryError
from acude.athena.udf import install
from acude.athena.value import quote

_MACROS = Path(__file__).with_name("macros.sql")
_OWN_ERROR = re.compile(r"@([A-Z_]+): ([^@\n]*)")
_BATCH = 10_000


@dataclass(frozen=True)
class S3Access:
    """How to reach S3. An endpoint of None means AWS with the process's own credentials."""

    endpoint: str | None = None
    region: str = "us-east-1"
    key: str = ""
    secret: str = ""


class Engine:
    """A DuckDB database whose queries can be interrupted.

    Args:
        memory: Most memory that all queries together may take, for instance ``2GB``.
        threads: Worker threads.
        access: The object store.
        spill: Directory for what does not fit into memory.
    """

    def __init__(
        self, *, memory: str = "2GB", threads: int = 2, access: S3Access | None = None, spill: Path | None = None
    ) -> None:
        config: dict[str, Any] = {
            "memory_limit": memory,
            "threads": threads,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "enable_external_file_cache": False,  # else DataScannedInBytes says 0 for a file read before
        }
        if spill is not None:
            config["temp_directory"] = str(spill)
        self._database = duckdb.connect(":memory:", config=config)
        for name in ("icu", "httpfs", "delta"):
            self._load(name)
        self._database.execute(_MACROS.read_text())
        install(self._database)
        if access is not None:
            self._database.execute(_secret(access))
        self._database.execute("SET GLOBAL TimeZone = 'UTC'")
        self._lock = Lock()

    def _load(self, name: str) -> None:
        package = import_module(f"duckdb_extension_{name}")
        folder = Path(str(package.__file__)).parent / "extensions" / f"v{duckdb.__version__}"
        self._database.load_extension(str(folder / f"{name}.duckdb_extension"))

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own to the same database."""
        with self._lock:
            cursor = self._database.cursor()
        cursor.execute("SET TimeZone = 'UTC'")
        return cursor

    def close(self) -> None:
        """Closes the database."""
        self._database.close()


def rows(cursor: duckdb.DuckDBPyConnection, sql: str) -> Iterator[tuple[Any, ...]]:
    """Runs SQL and gives its rows.

    Raises:
        QueryError: What DuckDB complained of, as Trino names it.
    """
    try:
        cursor.execute(sql)
        while batch := cursor.fetchmany(_BATCH):
            yield from batch
    except duckdb.Error as error:
        raise as_query_error(error) from error


_KNOWN = (
    (
        r"More than one row returned by a subquery",
        "SUBQUERY_MULTIPLE_ROWS",
        "Scalar sub-query has returned multiple rows",
    ),
    (
        r"[Oo]verflow|out of range|does not fit|could not be cast|Casting value",
        "NUMERIC_VALUE_OUT_OF_RANGE",
        "Value out of range",
    ),
    (
        r"Could not convert string|invalid date field|invalid timestamp field",
        "INVALID_CAST_ARGUMENT",
        "Cannot cast value",
    ),
    (r"Map keys must be unique", "INVALID_FUNCTION_ARGUMENT", "Duplicate map keys are not allowed"),
    (r"Interrupted|INTERRUPT", "USER_CANCELED", "Query was canceled"),
    (
        r"Out of Memory|failed to allocate|could not allocate",
        "EXCEEDED_LOCAL_MEMORY_LIMIT",
        "Query exceeded the memory limit",
    ),
    (r"No files found|HTTP|IO Error|DeltaKernel", "GENERIC_INTERNAL_ERROR", "Reading the table failed"),
)
_WITH_DETAIL = {"GENERIC_INTERNAL_ERROR", "EXCEEDED_LOCAL_MEMORY_LIMIT"}


def as_query_error(error: duckdb.Error) -> QueryError:
    """DuckDB's complaint under Trino's name. One that our translation should not have caused is a refusal."""
    text = str(error)
    if own := _OWN_ERROR.search(text):
        return QueryError(own[1], own[2].strip())
    for pattern, name, message in _KNOWN:
        if re.search(pattern, text):
            return QueryError(name, f"{message}: {text.splitlines()[0]}" if name in _WITH_DETAIL else message)
    return QueryError("NOT_SUPPORTED", f"This query {LOCAL_REASON} ({text.splitlines()[0]})")


def _secret(access: S3Access) -> str:
    parts = ["TYPE s3", f"REGION {quote(access.region)}"]
    if access.key:
        parts += [f"KEY_ID {quote(access.key)}", f"SECRET {quote(access.secret)}"]
    if access.endpoint:
        scheme, _, host = access.endpoint.partition("://")
        parts += [
            f"ENDPOINT {quote(host.rstrip('/'))}",
            "URL_STYLE 'path'",
            f"USE_SSL {str(scheme == 'https').lower()}",
        ]
    return f"CREATE OR REPLACE SECRET lake ({', '.join(parts)})"
