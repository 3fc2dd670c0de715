"""Glue's databases and tables, and how DuckDB reads each."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

import duckdb
from botocore.exceptions import ClientError
from duckdb.sqltypes import DuckDBPyType

from acude.athena.engine import Engine, as_query_error
from acude.athena.errors import Place, fail, unsupported
from acude.athena.nodes import Name
from acude.athena.scope import Table
from acude.athena.types import DATE, VARBINARY, Type, array, map_of, row, timestamp, timestamptz
from acude.athena.value import quote

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

CATALOG = "awsdatacatalog"
_HIVE = {"string": "varchar", "binary": "varbinary", "int": "integer", "float": "real"}
GlueTable = Mapping[str, Any]


class Catalog:
    """Reads Glue; nothing is kept, so that a query sees what is registered now."""

    def __init__(self, glue: "GlueClient", engine: Engine) -> None:
        self.glue = glue
        self.engine = engine

    def databases(self) -> list[dict[str, Any]]:
        """All databases."""
        pages = self.glue.get_paginator("get_databases").paginate()
        return [cast("dict[str, Any]", each) for page in pages for each in page["DatabaseList"]]

    def database(self, name: str) -> dict[str, Any] | None:
        """One database, None where there is none."""
        try:
            return cast("dict[str, Any]", self.glue.get_database(Name=name)["Database"])
        except self.glue.exceptions.EntityNotFoundException:
            return None

    def tables(self, database: str) -> Iterator[GlueTable]:
        """A database's tables."""
        for page in self.glue.get_paginator("get_tables").paginate(DatabaseName=database):
            yield from page["TableList"]

    def table(self, database: str, name: str) -> GlueTable | None:
        """One table, None where there is none."""
        try:
            return self.glue.get_table(DatabaseName=database, Name=name)["Table"]
        except self.glue.exceptions.EntityNotFoundException:
            return None

    def resolve(self, parts: tuple[Name, ...], place: Place, database: str | None) -> tuple[str, str, GlueTable]:
        """The table that dotted names mean.

        Raises:
            QueryError: CATALOG_NOT_FOUND, SCHEMA_NOT_FOUND or TABLE_NOT_FOUND.
        """
        keys = [part.key for part in parts]
        if len(keys) > 3:  # noqa: PLR2004
            fail("SYNTAX_ERROR", f"Too many dots in table name: {'.'.join(keys)}", place)
        if len(keys) == 3 and keys[0] != CATALOG:  # noqa: PLR2004
            fail("CATALOG_NOT_FOUND", f"Catalog '{keys[0]}' not found", place)
        schema = keys[-2] if len(keys) > 1 else (database or "default")
        try:
            found = self.table(schema, keys[-1])
            missing = found is None and self.database(schema) is None
        except ClientError as error:
            fail("GENERIC_INTERNAL_ERROR", f"Glue did not answer: {error}", place)
        if missing:
            fail("SCHEMA_NOT_FOUND", f"Schema '{schema}' does not exist", place)
        if found is None:
            fail("TABLE_NOT_FOUND", f"Table '{CATALOG}.{schema}.{keys[-1]}' does not exist", place)
        return schema, keys[-1], found

    def open(self, parts: tuple[Name, ...], place: Place, database: str | None) -> Table:
        """A table ready to be read: its columns as its files have them."""
        schema, name, found = self.resolve(parts, place, database)
        source = self._source(found, place)
        cursor = self.engine.cursor()
        try:
            described = cursor.sql(f"SELECT * FROM {source}")  # noqa: S608
            columns = tuple(zip(described.columns, described.types, strict=True))
        except duckdb.Error as error:
            raise as_query_error(error) from error
        declared = {column["Name"].lower(): column.get("Type", "") for column in declared_columns(found)}
        read = tuple(_column(column, kind, declared, place) for column, kind in columns)
        return Table(source, read, (CATALOG, schema, name))

    def _source(self, found: GlueTable, place: Place) -> str:
        location = found.get("StorageDescriptor", {}).get("Location", "").rstrip("/").replace("s3a://", "s3://")
        if not location.startswith("s3://"):
            unsupported(f"The view or table {found['Name']}, whose location is not on S3,", place)
        if is_delta(found):
            return f"delta_scan({quote(location)})"
        if "parquet" in str(found.get("StorageDescriptor", {}).get("InputFormat", "")).lower():
            hive = "true" if found.get("PartitionKeys") else "false"
            return f"read_parquet({quote(location + '/**')}, hive_partitioning={hive})"
        return unsupported(f"The format of the table {found['Name']}", place)


def is_delta(found: GlueTable) -> bool:
    """Whether Glue says that the table is Delta."""
    parameters = found.get("Parameters") or {}
    kinds = (parameters.get("table_type", ""), parameters.get("spark.sql.sources.provider", ""))
    return "delta" in {kind.lower() for kind in kinds}


def declared_columns(found: GlueTable) -> list[dict[str, Any]]:
    """Glue's columns, partition keys last."""
    return [*found.get("StorageDescriptor", {}).get("Columns", []), *found.get("PartitionKeys", [])]


def _column(name: str, duck: DuckDBPyType, declared: Mapping[str, str], place: Place) -> tuple[Name, str, Type]:
    quoted = '"' + name.replace('"', '""') + '"'
    kind = lake_type(duck, place)
    sql = normal(quoted, duck)
    if kind.kind == "timestamp" and declared.get(name.lower()) == "timestamp":
        kind = timestamp(3)
    return Name(name.lower(), name.lower()), sql, kind


_SIMPLE = {
    "boolean": "boolean",
    "tinyint": "tinyint",
    "smallint": "smallint",
    "integer": "integer",
    "bigint": "bigint",
    "float": "real",
    "double": "double",
    "varchar": "varchar",
}


def lake_type(duck: DuckDBPyType, place: Place) -> Type:  # noqa: PLR0911
    """Athena's type for a column of a file: a Delta timestamp is ``timestamp(3) with time zone``."""
    kind = duck.id
    if kind in _SIMPLE:
        return Type(_SIMPLE[kind])
    children = cast("list[tuple[str, Any]]", duck.children) if kind in {"decimal", "list", "map", "struct"} else []
    if kind == "decimal":
        values = dict(children)
        return Type("decimal", int(values["precision"]), int(values["scale"]))
    if kind == "list":
        return array(lake_type(children[0][1], place))
    if kind == "map":
        return map_of(lake_type(children[0][1], place), lake_type(children[1][1], place))
    if kind == "struct":
        return row(tuple(lake_type(child, place) for _, child in children), tuple(name.lower() for name, _ in children))
    times = {"date": DATE, "blob": VARBINARY, "timestamp": timestamp(6), "timestamp with time zone": timestamptz(3)}
    if kind in times:
        return times[kind]
    return unsupported(f"A column of the type {duck}", place)


def normal(sql: str, duck: DuckDBPyType) -> str:
    """A column with its structs' fields renamed to f0, f1, … as the translator names them."""
    if not _has_struct(duck):
        return sql
    if duck.id == "struct":
        fields = ", ".join(
            f"f{i} := {normal(f'struct_extract({sql}, {quote(name)})', child)}"
            for i, (name, child) in enumerate(cast("list[tuple[str, Any]]", duck.children))
        )
        return f"CASE WHEN {sql} IS NULL THEN NULL ELSE struct_pack({fields}) END"
    if duck.id == "list":
        child = cast("list[tuple[str, Any]]", duck.children)[0][1]
        return f"list_transform({sql}, lambda e: {normal('e', child)})"
    value = cast("list[tuple[str, Any]]", duck.children)[1][1]
    return (
        f"CASE WHEN {sql} IS NULL THEN NULL ELSE map_from_entries(list_transform(map_entries({sql}), "
        f"lambda e: struct_pack(key := e.key, value := {normal('e.value', value)}))) END"
    )


def _has_struct(duck: DuckDBPyType) -> bool:
    if duck.id not in {"list", "map", "struct"}:
        return False
    children = cast("list[tuple[str, Any]]", duck.children)
    return duck.id == "struct" or any(_has_struct(child) for _, child in children)


def trino_type(hive: str, *, delta: bool) -> str:
    """Glue's type name as Athena's information_schema shows it."""
    lowered = hive.strip().lower()
    if lowered == "timestamp":
        return "timestamp(3) with time zone" if delta else "timestamp(3)"
    if match := re.fullmatch(r"array<(.*)>", lowered):
        return f"array({trino_type(match[1], delta=delta)})"
    if match := re.fullmatch(r"(map|struct)<(.*)>", lowered):
        parts = [part.strip() for part in _split(match[2])]
        if match[1] == "map":
            return f"map({', '.join(trino_type(part, delta=delta) for part in parts)})"
        fields = [part.partition(":") for part in parts]
        return f"row({', '.join(f'{name} {trino_type(kind, delta=delta)}' for name, _, kind in fields)})"
    return _HIVE.get(lowered, lowered)


def _split(text: str) -> list[str]:
    parts, depth, current = [], 0, ""
    for char in text:
        depth += (char in "<(") - (char in ">)")
        if char == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += char
    return [*parts, current]
