"""CTAS, UNLOAD and DROP TABLE, which touch the results bucket only."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from acude.athena.catalog import CATALOG, Catalog
from acude.athena.engine import as_query_error
from acude.athena.errors import Place, fail, unsupported
from acude.athena.scope import Plan
from acude.athena.statements import CtasStatement, DropStatement, Property, UnloadStatement
from acude.athena.types import Type
from acude.athena.value import quote

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import TableInputTypeDef
    from mypy_boto3_s3 import S3Client

MARK = "acude.athena.ctas"
"""A Glue parameter that only tables of CTAS carry: DROP TABLE takes no other."""
_COMPRESSION = {
    "SNAPPY": "snappy",
    "GZIP": "gzip",
    "ZSTD": "zstd",
    "NONE": "uncompressed",
    "UNCOMPRESSED": "uncompressed",
}
_CTAS_KNOWN = {"format", "external_location", "write_compression", "parquet_compression", "table_type", "is_external"}
_UNLOAD_KNOWN = {"format", "compression"}
_HIVE = {"integer": "int", "real": "float", "varchar": "string", "varbinary": "binary"}
_MILLISECONDS = 3


@dataclass(frozen=True)
class Target:
    """A query's id, and the S3 prefix of its results with a closing slash."""

    query_id: str
    prefix: str


class TableWriter:
    """Writes query results as Parquet."""

    def __init__(self, catalog: Catalog, s3: "S3Client", bucket: str) -> None:
        self.catalog = catalog
        self.s3 = s3
        self.bucket = bucket

    def create_table(
        self,
        statement: CtasStatement,
        plan: Plan,
        database: str | None,
        cursor: duckdb.DuckDBPyConnection,
        target: Target,
    ) -> list[str]:
        """CREATE TABLE AS; gives the files written."""
        schema, name = self._destination(statement, database)
        if self.catalog.table(schema, name) is not None:
            if statement.if_not_exists:
                return []
            message = f"Destination table '{CATALOG}.{schema}.{name}' already exists"
            fail("TABLE_ALREADY_EXISTS", message, statement.place)
        names = _named_columns(plan, statement.place)
        place = statement.place
        options = _options(statement.properties, _CTAS_KNOWN, place, ("write_compression", "parquet_compression"))
        if str(statement.properties.get("table_type", "HIVE")).upper() != "HIVE":
            unsupported("CTAS into Iceberg", place)
        default = f"{target.prefix}tables/{target.query_id}/"
        location = self._location(str(statement.properties.get("external_location", default)), place)
        self._must_be_empty(location, f"Target directory for table '{schema}.{name}' already exists: {location}")
        files = []
        if statement.with_data:
            files = _copy(cursor, plan, names, location, target.query_id, options)
        self._register(schema, name, location, list(zip(names, [out.type for out in plan.outputs], strict=True)))
        return files

    def unload(
        self, statement: UnloadStatement, plan: Plan, cursor: duckdb.DuckDBPyConnection, target: Target
    ) -> list[str]:
        """UNLOAD; gives the files written."""
        place = Place(1, 1)
        if "format" not in statement.properties:
            unsupported("UNLOAD without format = 'PARQUET'", place)
        options = _options(statement.properties, _UNLOAD_KNOWN, place, ("compression",))
        location = self._location(statement.to, place)
        self._must_be_empty(location, f"Target directory for UNLOAD is not empty: {location}")
        for output in plan.outputs:
            hive_type(output.type, place)
        return _copy(cursor, plan, plan.names, location, target.query_id, options)

    def drop(self, statement: DropStatement, database: str | None) -> None:
        """DROP TABLE of a table that CTAS made; its files stay, as they do in Athena."""
        keys = [part.key for part in statement.table]
        schema = keys[-2] if len(keys) > 1 else (database or "default")
        found = self.catalog.table(schema, keys[-1])
        if found is None:
            if statement.if_exists:
                return
            fail("TABLE_NOT_FOUND", f"Table '{CATALOG}.{schema}.{keys[-1]}' does not exist", statement.place)
        location = found.get("StorageDescriptor", {}).get("Location", "")
        mine = (found.get("Parameters") or {}).get(MARK) == "true" and location.startswith(f"s3://{self.bucket}/")
        if not mine:
            message = f"Access denied: only tables made by CREATE TABLE AS in s3://{self.bucket}/ may be dropped"
            fail("PERMISSION_DENIED", message, statement.place)
        self.catalog.glue.delete_table(DatabaseName=schema, Name=keys[-1])

    def _destination(self, statement: CtasStatement, database: str | None) -> tuple[str, str]:
        keys = [part.key for part in statement.table]
        if len(keys) == 3 and keys[0] != CATALOG:  # noqa: PLR2004
            fail("CATALOG_NOT_FOUND", f"Catalog '{keys[0]}' not found", statement.place)
        schema = keys[-2] if len(keys) > 1 else (database or "default")
        if self.catalog.database(schema) is None:
            fail("SCHEMA_NOT_FOUND", f"Schema '{schema}' does not exist", statement.place)
        return schema, keys[-1]

    def _location(self, location: str, place: Place) -> str:
        if not location.startswith(f"s3://{self.bucket}/"):
            message = f"Access denied when writing to location: {location}. Only s3://{self.bucket}/ may be written"
            fail("PERMISSION_DENIED", message, place)
        return location.rstrip("/") + "/"

    def _must_be_empty(self, location: str, message: str) -> None:
        key = location.removeprefix(f"s3://{self.bucket}/")
        if self.s3.list_objects_v2(Bucket=self.bucket, Prefix=key, MaxKeys=1).get("KeyCount", 0):
            fail("HIVE_PATH_ALREADY_EXISTS", message)

    def _register(self, schema: str, name: str, location: str, columns: list[tuple[str, Type]]) -> None:
        table: TableInputTypeDef = {
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet", MARK: "true"},
            "StorageDescriptor": {
                "Columns": [{"Name": column, "Type": hive_type(kind, Place())} for column, kind in columns],
                "Location": location.rstrip("/"),
                "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                "SerdeInfo": {
                    "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
                },
            },
        }
        self.catalog.glue.create_table(DatabaseName=schema, TableInput=table)


def hive_type(kind: Type, place: Place) -> str:
    """The Hive type under which a column is stored.

    Raises:
        QueryError: NOT_SUPPORTED for what Hive tables don't hold.
    """
    if kind.kind in {"json", "unknown", "timestamptz", "interval_day", "interval_month"}:
        fail("NOT_SUPPORTED", f"Unsupported Hive type: {kind}", place)
    if kind.kind == "timestamp" and (kind.precision or 0) > _MILLISECONDS:
        fail(
            "NOT_SUPPORTED",
            f"Incorrect timestamp precision for {kind}; the configured precision is MILLISECONDS",
            place,
        )
    if kind.kind == "row":
        unsupported("Writing a row", place)
    if kind.kind == "decimal":
        return f"decimal({kind.precision},{kind.scale})"
    if kind.kind in {"array", "map"}:
        return f"{kind.kind}<{','.join(hive_type(item, place) for item in kind.items)}>"
    return _HIVE.get(kind.kind, kind.kind)


def _named_columns(plan: Plan, place: Place) -> list[str]:
    names = []
    for index, output in enumerate(plan.outputs):
        if output.name is None:
            fail("MISSING_COLUMN_NAME", f"Column name not specified at position {index + 1}", place)
        if output.name.key in names:
            fail("DUPLICATE_COLUMN_NAME", f"Column name '{output.name.text}' specified more than once", place)
        hive_type(output.type, place)
        names.append(output.name.key)
    return names


def _options(
    properties: dict[str, Property], known: set[str], place: Place, compressions: tuple[str, ...]
) -> dict[str, str]:
    for name in properties:
        if name not in known:
            unsupported(f"The property {name}", place)
    if str(properties.get("format", "PARQUET")).upper() != "PARQUET":
        unsupported(f"Writing {properties['format']}", place)
    wanted = next((str(properties[name]).upper() for name in compressions if name in properties), "SNAPPY")
    if wanted not in _COMPRESSION:
        unsupported(f"The compression {wanted}", place)
    return {"compression": _COMPRESSION[wanted]}


def _copy(  # noqa: PLR0917
    cursor: duckdb.DuckDBPyConnection, plan: Plan, names: list[str], location: str, stem: str, options: dict[str, Any]
) -> list[str]:
    file = f"{location}{stem}_00000.parquet"
    columns = ", ".join(f'q.c{index} AS "{_quoted(name)}"' for index, name in enumerate(names))
    how = f"FORMAT parquet, COMPRESSION {options['compression']}"
    sql = f"COPY (SELECT {columns} FROM ({plan.sql}) AS q) TO {quote(file)} ({how})"  # noqa: S608
    try:
        cursor.execute(sql)
    except duckdb.Error as error:
        raise as_query_error(error) from error
    return [file]


def _quoted(name: str) -> str:
    return name.replace('"', '""')
