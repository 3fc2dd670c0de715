"""SHOW and DESCRIBE, in the shapes that Hive's DDL has in Athena; Glue answers them, where it knows the answer."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from acude.athena.catalog import Catalog, columns, is_delta, keys
from acude.athena.errors import QueryError
from acude.athena.model import Json
from acude.athena.statements import Statement
from acude.athena.trino import CATALOG, quoted

ASKED = {"SHOW_PARTITIONS", "SHOW_CREATE_VIEW"}
"""What Trino is asked: Glue knows no partitions of Delta tables, and views as their columns only."""
_HEAD = "# col_name            \tdata_type           \tcomment             "


def asked_sql(statement: Statement, catalog: Catalog) -> str:
    """What Trino is asked for a statement of ``ASKED``.

    Raises:
        ClientError: The table doesn't exist.
        QueryError: It has no partitions.
    """
    schema, name = statement.schema, statement.table
    table = catalog.table(schema, name)
    if statement.sub == "SHOW_CREATE_VIEW":
        return f"SHOW CREATE VIEW {quoted(CATALOG, schema, name)}"
    if not keys(table):
        raise QueryError("HIVE_METASTORE_ERROR", f"Table {schema}.{name} is not a partitioned table")
    row = "partition." if is_delta(table) else ""
    shown = [
        f"'{key}=' || coalesce(CAST({row}{quoted(key)} AS varchar), '__HIVE_DEFAULT_PARTITION__')"
        for key in (column["Name"] for column in keys(table))
    ]
    partitions = quoted(CATALOG, schema, f"{name}$partitions")
    path = " || '/' || ".join(shown)
    return f"SELECT {path} AS partition FROM {partitions} ORDER BY 1"  # noqa: S608


def show(statement: Statement, catalog: Catalog) -> tuple[str, list[str]]:  # noqa: PLR0911 - one a statement
    """Answers another SHOW or DESCRIBE.

    Returns:
        The only column's name, and the lines.

    Raises:
        ClientError: The database or table doesn't exist.
    """
    what, schema, pattern = statement.sub.removeprefix("SHOW_"), statement.schema, statement.pattern
    if what == "DATABASES":
        return "database_name", _matching(catalog.databases(), pattern)
    if what == "TABLES":
        return "tab_name", _matching(catalog.tables(schema), pattern)
    if what == "VIEWS":
        views = [each for each in catalog.tables(schema) if each.get("TableType") == "VIRTUAL_VIEW"]
        return "views", _matching(views, pattern)
    table = catalog.table(schema, statement.table)
    if what == "TBLPROPERTIES":
        return "prpt_name", _properties(table, pattern)
    if what == "COLUMNS":
        return "field", [column["Name"] for column in (*columns(table), *keys(table))]
    if what == "CREATE_TABLE":
        return "createtab_stmt", _create_table(f"{schema}.{statement.table}", table)
    return "col_name", _describe(table)


def _matching(found: Iterable[Json], pattern: str | None) -> list[str]:
    """Names that match Hive's pattern, which knows ``*`` and ``|``."""
    # fnmatch never tries a star twice; a plain regular expression would, for minutes. Its other signs are not Hive's.
    parts = [re.sub(r"([\[?])", r"[\1]", part.lower()) for part in (pattern or "*").split("|")]
    names = [each["Name"] for each in found]
    return sorted(name for name in names if any(fnmatchcase(name.lower(), part) for part in parts))


def _properties(table: Json, wanted: str | None) -> list[str]:
    found = {name: str(value) for name, value in (table.get("Parameters") or {}).items()}
    if wanted is not None:
        return [found.get(wanted, f"Table does not have property: {wanted}")]
    return [f"{name}\t{value}" for name, value in sorted(found.items())]


def _describe(table: Json) -> list[str]:
    def line(column: Json) -> str:
        return "\t".join(f"{column.get(key, ''):<20}" for key in ("Name", "Type", "Comment"))

    parted = ["", "# Partition Information", _HEAD, "", *map(line, keys(table))] if keys(table) else []
    return [*map(line, (*columns(table), *keys(table))), *parted]


def _create_table(name: str, table: Json) -> list[str]:
    def listed(found: list[Json]) -> list[str]:
        lines = [f"  `{column['Name']}` {column['Type']}" for column in found]
        return [f"{line}, " for line in lines[:-1]] + [f"{line})" for line in lines[-1:]]

    parted = ["PARTITIONED BY ( ", *listed(keys(table))] if keys(table) else []
    stored = [] if is_delta(table) else ["STORED AS PARQUET "]
    location = ["LOCATION", f"  '{table['StorageDescriptor'].get('Location', '')}'"]
    kind = ["TBLPROPERTIES (", "  'table_type'='DELTA')"] if is_delta(table) else []
    return [f"CREATE EXTERNAL TABLE `{name}`(", *listed(columns(table)), *parted, *stored, *location, *kind]
