"""SHOW and DESCRIBE, in the shapes that Hive's DDL has in Athena; Glue answers them."""

import re
from collections.abc import Callable, Iterable

from acude.athena.catalog import Catalog, GlueTable, columns, is_delta, is_view, keys
from acude.athena.errors import QueryError
from acude.athena.statements import Show

Lines = tuple[str, list[str]]
"""The only column's name, and the rows."""


def show(statement: Show, catalog: Catalog, database: str | None) -> Lines:
    """Answers a SHOW or DESCRIBE.

    Raises:
        QueryError: Where the database or table doesn't exist.
    """
    if statement.what == "DATABASES":
        return "database_name", _matching((each["Name"] for each in catalog.databases()), statement.pattern)
    if statement.what in {"TABLES", "VIEWS"}:
        found = list(catalog.tables(_schema(statement, catalog, database)))
        if statement.what == "TABLES":
            return "tab_name", _matching((each["Name"] for each in found), statement.pattern)
        return "views", _matching((each["Name"] for each in found if is_view(each)), statement.pattern)
    schema, name, table = catalog.resolve(statement.names, database)
    if statement.what == "PARTITIONS":
        return _partitions(catalog, schema, name, table)
    if statement.what == "TBLPROPERTIES":
        return _properties(table, statement.pattern)
    return _ANSWERS[statement.what](f"{schema}.{name}", table)


def _matching(names: Iterable[str], pattern: str | None) -> list[str]:
    """Hive's patterns: ``*`` and ``|``."""
    if pattern is None:
        return sorted(names)
    regex = re.compile("|".join(re.escape(part).replace(r"\*", ".*") for part in pattern.lower().split("|")))
    return sorted(name for name in names if regex.fullmatch(name.lower()))


def _schema(statement: Show, catalog: Catalog, database: str | None) -> str:
    name = statement.names[-1] if statement.names else (database or "default")
    if catalog.database(name) is None:
        raise QueryError("SCHEMA_NOT_FOUND", f"Schema '{name}' does not exist")
    return name


def _columns(_: str, table: GlueTable) -> Lines:
    return "field", [column["Name"] for column in (*columns(table), *keys(table))]


def _describe(_: str, table: GlueTable) -> Lines:
    lines = [_line(column) for column in (*columns(table), *keys(table))]
    if keys(table):
        head = "# col_name            \tdata_type           \tcomment             "
        lines += ["", "# Partition Information", head, "", *map(_line, keys(table))]
    return "col_name", lines


def _line(column: dict[str, str]) -> str:
    return "\t".join(f"{column.get(key, ''):<20}" for key in ("Name", "Type", "Comment"))


def _partitions(catalog: Catalog, schema: str, name: str, table: GlueTable) -> Lines:
    names = [column["Name"] for column in keys(table)]
    if not names:
        raise QueryError("HIVE_METASTORE_ERROR", f"Table {schema}.{name} is not a partitioned table")
    pages = catalog.glue.get_paginator("get_partitions").paginate(DatabaseName=schema, TableName=name)
    values = [each["Values"] for page in pages for each in page["Partitions"]]
    return "partition", sorted("/".join(f"{k}={v}" for k, v in zip(names, each, strict=True)) for each in values)


def _properties(table: GlueTable, wanted: str | None) -> Lines:
    found = {name: str(value) for name, value in (table.get("Parameters") or {}).items()}
    if wanted is not None:
        return "prpt_name", [found.get(wanted, f"Table does not have property: {wanted}")]
    return "prpt_name", [f"{name}\t{value}" for name, value in sorted(found.items())]


def _create(name: str, table: GlueTable) -> Lines:
    listed = _listed([f"  `{column['Name']}` {column['Type']}" for column in columns(table)])
    parted = _listed([f"  `{column['Name']}` {column['Type']}" for column in keys(table)])
    stored = [] if is_delta(table) else ["STORED AS PARQUET "]
    kind = ["TBLPROPERTIES (", "  'table_type'='DELTA')"] if is_delta(table) else []
    location = ["LOCATION", f"  '{table['StorageDescriptor'].get('Location', '')}'"]
    head = [f"CREATE EXTERNAL TABLE `{name}`(", *listed, *(["PARTITIONED BY ( ", *parted] if parted else [])]
    return "createtab_stmt", [*head, *stored, *location, *kind]


def _listed(lines: list[str]) -> list[str]:
    return [f"{line}, " for line in lines[:-1]] + [f"{line})" for line in lines[-1:]]


_ANSWERS: dict[str, Callable[[str, GlueTable], Lines]] = {
    "COLUMNS": _columns,
    "DESCRIBE": _describe,
    "CREATE TABLE": _create,
}
