"""The read-only DDL: SHOW and DESCRIBE, in the shapes that Hive's DDL has in Athena."""

import re
from collections.abc import Callable

from acude.athena.catalog import Catalog, GlueTable, declared_columns, is_delta
from acude.athena.errors import fail
from acude.athena.statements import ShowStatement

Lines = tuple[str, list[str]]
"""The only column's name, and the rows."""


def show(statement: ShowStatement, catalog: Catalog, database: str | None) -> Lines:
    """Answers a SHOW or DESCRIBE.

    Raises:
        QueryError: Where the database or table doesn't exist.
    """
    return _ANSWERS[statement.what](statement, catalog, database)


def _matching(names: list[str], pattern: str | None) -> list[str]:
    """Hive's patterns: ``*`` and ``|``."""
    if pattern is None:
        return sorted(names)
    regex = re.compile("|".join(re.escape(part).replace(r"\*", ".*") for part in pattern.lower().split("|")))
    return sorted(name for name in names if regex.fullmatch(name.lower()))


def _databases(statement: ShowStatement, catalog: Catalog, _: str | None) -> Lines:
    names = [each["Name"] for each in catalog.databases()]
    return "database_name", _matching(names, statement.pattern)


def _schema(statement: ShowStatement, catalog: Catalog, database: str | None) -> str:
    name = statement.names[-1].key if statement.names else (database or "default")
    if catalog.database(name) is None:
        fail("SCHEMA_NOT_FOUND", f"Schema '{name}' does not exist", statement.place)
    return name


def _tables(statement: ShowStatement, catalog: Catalog, database: str | None) -> Lines:
    schema = _schema(statement, catalog, database)
    return "tab_name", _matching([each["Name"] for each in catalog.tables(schema)], statement.pattern)


def _views(statement: ShowStatement, catalog: Catalog, database: str | None) -> Lines:
    _schema(statement, catalog, database)
    return "views", []


def _table(statement: ShowStatement, catalog: Catalog, database: str | None) -> tuple[str, str, GlueTable]:
    return catalog.resolve(statement.names, statement.place, database)


def _columns(statement: ShowStatement, catalog: Catalog, database: str | None) -> Lines:
    _, _, table = _table(statement, catalog, database)
    return "field", [column["Name"] for column in declared_columns(table)]


def _describe(statement: ShowStatement, catalog: Catalog, database: str | None) -> Lines:
    _, _, table = _table(statement, catalog, database)
    lines = [_line(column) for column in declared_columns(table)]
    if table.get("PartitionKeys"):
        lines += [
            "",
            "# Partition Information",
            "# col_name            \tdata_type           \tcomment             ",
            "",
        ]
        lines += [_line(column) for column in table["PartitionKeys"]]
    return "col_name", lines


def _line(column: dict[str, str]) -> str:
    return "\t".join(f"{column.get(key, ''):<20}" for key in ("Name", "Type", "Comment"))


def _partitions(statement: ShowStatement, catalog: Catalog, database: str | None) -> Lines:
    schema, name, table = _table(statement, catalog, database)
    keys = [column["Name"] for column in table.get("PartitionKeys", [])]
    if not keys:
        fail("HIVE_METASTORE_ERROR", f"Table {schema}.{name} is not a partitioned table", statement.place)
    pages = catalog.glue.get_paginator("get_partitions").paginate(DatabaseName=schema, TableName=name)
    values = [each["Values"] for page in pages for each in page["Partitions"]]
    return "partition", sorted("/".join(f"{k}={v}" for k, v in zip(keys, each, strict=True)) for each in values)


def _create(statement: ShowStatement, catalog: Catalog, database: str | None) -> Lines:
    schema, name, table = _table(statement, catalog, database)
    columns = [f"  `{column['Name']}` {column['Type']}" for column in table["StorageDescriptor"].get("Columns", [])]
    listed = [f"{line}, " for line in columns[:-1]] + [f"{line})" for line in columns[-1:]]
    keys = [f"  `{column['Name']}` {column['Type']}" for column in table.get("PartitionKeys", [])]
    partitions = ["PARTITIONED BY ( ", *[f"{line}, " for line in keys[:-1]], *[f"{line})" for line in keys[-1:]]]
    stored = [] if is_delta(table) else ["STORED AS PARQUET "]
    kind = ["TBLPROPERTIES (", "  'table_type'='DELTA')"] if is_delta(table) else []
    location = ["LOCATION", f"  '{table['StorageDescriptor'].get('Location', '')}'"]
    head = [f"CREATE EXTERNAL TABLE `{schema}.{name}`("]
    return "createtab_stmt", [*head, *listed, *(partitions if keys else []), *stored, *location, *kind]


_ANSWERS: dict[str, Callable[[ShowStatement, Catalog, str | None], Lines]] = {
    "DATABASES": _databases,
    "TABLES": _tables,
    "VIEWS": _views,
    "COLUMNS": _columns,
    "DESCRIBE": _describe,
    "PARTITIONS": _partitions,
    "CREATE TABLE": _create,
}
