"""information_schema, which analysts' tools read: made of Glue's answers when a query names it."""

from collections.abc import Callable, Iterator

from acude.athena.catalog import CATALOG, Catalog, declared_columns, is_delta, trino_type
from acude.athena.errors import Place, fail
from acude.athena.nodes import Name
from acude.athena.scope import Table
from acude.athena.types import BIGINT, VARCHAR, Type
from acude.athena.value import quote

SCHEMA = "information_schema"
Row = tuple[str | int | None, ...]


def _schemata(catalog: Catalog) -> Iterator[Row]:
    yield CATALOG, SCHEMA
    for database in catalog.databases():
        yield CATALOG, database["Name"]


def _tables(catalog: Catalog) -> Iterator[Row]:
    for database in catalog.databases():
        for table in catalog.tables(database["Name"]):
            yield CATALOG, database["Name"], table["Name"], "BASE TABLE"


def _columns(catalog: Catalog) -> Iterator[Row]:
    for database in catalog.databases():
        for table in catalog.tables(database["Name"]):
            delta = is_delta(table)
            for position, column in enumerate(declared_columns(table), 1):
                kind = trino_type(column.get("Type", ""), delta=delta)
                yield (
                    CATALOG,
                    database["Name"],
                    table["Name"],
                    column["Name"],
                    position,
                    None,
                    "YES",
                    kind,
                    column.get("Comment"),
                )


_VIEWS: dict[str, tuple[dict[str, Type], Callable[[Catalog], Iterator[Row]]]] = {
    "schemata": ({"catalog_name": VARCHAR, "schema_name": VARCHAR}, _schemata),
    "tables": (dict.fromkeys(("table_catalog", "table_schema", "table_name", "table_type"), VARCHAR), _tables),
    "columns": (
        {
            "table_catalog": VARCHAR,
            "table_schema": VARCHAR,
            "table_name": VARCHAR,
            "column_name": VARCHAR,
            "ordinal_position": BIGINT,
            "column_default": VARCHAR,
            "is_nullable": VARCHAR,
            "data_type": VARCHAR,
            "comment": VARCHAR,
        },
        _columns,
    ),
}


def is_information_schema(parts: tuple[Name, ...], database: str | None) -> bool:
    """Whether dotted names lead into information_schema."""
    schema = parts[-2].key if len(parts) > 1 else (database or "").lower()
    return schema == SCHEMA


def open_view(catalog: Catalog, parts: tuple[Name, ...], place: Place) -> Table:
    """``information_schema.tables``, ``.columns`` or ``.schemata`` as a relation of constants."""
    name = parts[-1].key
    if name not in _VIEWS:
        fail("TABLE_NOT_FOUND", f"Table '{CATALOG}.{SCHEMA}.{name}' does not exist", place)
    kinds, read = _VIEWS[name]
    lines = [f"({', '.join(_constant(value) for value in row)})" for row in read(catalog)]
    none = f"SELECT {', '.join(f'CAST(NULL AS {kind.duck})' for kind in kinds.values())} WHERE FALSE"
    head = ", ".join(kinds)
    typed = ", ".join(f"CAST({column} AS {kind.duck}) AS {column}" for column, kind in kinds.items())
    body = f"VALUES {', '.join(lines)}" if lines else none
    source = f"(SELECT {typed} FROM ({body}) AS v({head})) AS i"  # noqa: S608
    columns = tuple((Name(column, column), column, kind) for column, kind in kinds.items())
    return Table(source, columns, (CATALOG, SCHEMA, name))


def _constant(value: str | int | None) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else quote(value)
