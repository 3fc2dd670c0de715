"""CTAS and UNLOAD in Trino's words: Athena's properties are others, and files go to the results bucket only."""

from collections.abc import Sequence

from acude.athena.errors import QueryError, refuse
from acude.athena.result_files import ResultFiles
from acude.athena.statements import Statement
from acude.athena.trino import CATALOG, quoted

UNLOAD, SCHEMA = "unload", "results"
"""Trino makes files of a query by making a table. UNLOAD's tables are in a catalogue of their own, and gone at once."""
SCHEMA_SQL = f"CREATE SCHEMA IF NOT EXISTS {UNLOAD}.{SCHEMA}"
_SAME = {"format", "partitioned_by", "bucketed_by", "bucket_count", "orc_bloom_filter_columns", "orc_bloom_filter_fpp"}
_COMPRESSION = ("write_compression", "compression", "parquet_compression", "orc_compression")
_UNLOAD_KNOWN = {"format", "compression", "field_delimiter", "partitioned_by"}


def location_of(statement: Statement, files: ResultFiles, default: str) -> str:
    """Where the files go.

    Raises:
        QueryError: PERMISSION_DENIED outside the results bucket.
    """
    location = statement.to or statement.text("external_location") or default
    if not files.holds(location):
        message = f"Access Denied when writing to location: {location}. Only s3://{files.bucket}/ may be written"
        raise QueryError("PERMISSION_DENIED", message)
    return location.rstrip("/") + "/"


def create_table_sql(statement: Statement, location: str) -> str:
    """CTAS.

    Raises:
        QueryError: A property that is not known.
    """
    if statement.text("table_type").upper() not in {"", "HIVE"}:
        raise refuse("CREATE TABLE AS makes Hive tables only on the local Athena endpoint")
    return f"CREATE TABLE {statement.head} {_with(statement, location)} AS {statement.query}"


def unload_sql(statement: Statement, location: str, query_id: str, names: Sequence[str]) -> tuple[str, str]:
    """UNLOAD as CTAS, and the name of the table that it makes.

    Raises:
        QueryError: A property that is not known, or no format.
    """
    if "format" not in statement.properties:
        raise QueryError("INVALID_TABLE_PROPERTY", "UNLOAD needs WITH (format = 'PARQUET') or another format")
    if unknown := set(statement.properties) - _UNLOAD_KNOWN:
        raise QueryError("INVALID_TABLE_PROPERTY", f"UNLOAD has no property {', '.join(sorted(unknown))}")
    table, columns = quoted(UNLOAD, SCHEMA, query_id), ", ".join(map(quoted, names))
    return f"CREATE TABLE {table} ({columns}) {_with(statement, location)} AS {statement.query}", table


def session_of(statement: Statement) -> dict[str, str]:
    """The compression, which is no property of a table in Trino.

    Raises:
        QueryError: It is not the name of one.
    """
    wanted = next((statement.text(name).upper() for name in _COMPRESSION if name in statement.properties), "")
    codec = {"UNCOMPRESSED": "NONE"}.get(wanted, wanted)
    if codec and not codec.isalnum():
        raise QueryError("INVALID_TABLE_PROPERTY", f"Unknown compression {codec!r}")
    catalog = UNLOAD if statement.to else CATALOG
    return {f"{catalog}.compression_codec": codec} if codec else {}


def _with(statement: Statement, location: str) -> str:
    quoted = location.replace("'", "''")
    found = {"external_location": f"'{quoted}'"}
    for name, value in statement.properties.items():
        if name in _SAME:
            found[name] = value
        elif name == "field_delimiter":
            found["textfile_field_separator"] = value
        elif name not in {"external_location", "table_type", "is_external", *_COMPRESSION}:
            raise refuse(f"The property {name} is not available on the local Athena endpoint")
    return f"WITH ({', '.join(f'{name} = {value}' for name, value in found.items())})"
