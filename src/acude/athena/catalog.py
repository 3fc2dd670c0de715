"""Glue's databases and tables, for the statements and operations that Trino has no part in."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from acude.athena.errors import QueryError
from acude.athena.reader import Name
from acude.athena.trino import CATALOG

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

GlueTable = Mapping[str, Any]
_VIEW = re.compile(r"/\* Presto View: (\S+) \*/")
_MOST_PARTS = 3


class Catalog:
    """Reads Glue; nothing is kept, so that a client sees what is registered now."""

    def __init__(self, glue: "GlueClient") -> None:
        self.glue = glue

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
        """A database's tables and views."""
        for page in self.glue.get_paginator("get_tables").paginate(DatabaseName=database):
            yield from page["TableList"]

    def table(self, database: str, name: str) -> GlueTable | None:
        """One table or view, None where there is none."""
        try:
            return self.glue.get_table(DatabaseName=database, Name=name)["Table"]
        except self.glue.exceptions.EntityNotFoundException:
            return None

    def resolve(self, parts: Name, database: str | None) -> tuple[str, str, GlueTable]:
        """The table that dotted names mean.

        Raises:
            QueryError: CATALOG_NOT_FOUND, SCHEMA_NOT_FOUND or TABLE_NOT_FOUND.
        """
        if len(parts) > _MOST_PARTS:
            raise QueryError("SYNTAX_ERROR", f"Too many dots in table name: {'.'.join(parts)}")
        if len(parts) == _MOST_PARTS and parts[0] != CATALOG:
            raise QueryError("CATALOG_NOT_FOUND", f"Catalog '{parts[0]}' not found")
        schema, name = (database or "default", *parts)[-2:]
        found = self.table(schema, name)
        if found is None and self.database(schema) is None:
            raise QueryError("SCHEMA_NOT_FOUND", f"Schema '{schema}' does not exist")
        if found is None:
            raise QueryError("TABLE_NOT_FOUND", f"Table '{CATALOG}.{schema}.{name}' does not exist")
        return schema, name, found


def is_delta(found: GlueTable) -> bool:
    """Whether Glue says that the table is Delta."""
    parameters = found.get("Parameters") or {}
    kinds = (parameters.get("table_type", ""), parameters.get("spark.sql.sources.provider", ""))
    return "delta" in {kind.lower() for kind in kinds}


def is_view(found: GlueTable) -> bool:
    """Whether it is a view."""
    return found.get("TableType") == "VIRTUAL_VIEW"


def columns(found: GlueTable) -> list[dict[str, Any]]:
    """Glue's columns without partition keys; a view's columns stand in its text only."""
    if text := _VIEW.search(found.get("ViewOriginalText") or ""):
        view = json.loads(base64.b64decode(text[1]))
        return [{"Name": each["name"], "Type": each["type"]} for each in view["columns"]]
    return list(found.get("StorageDescriptor", {}).get("Columns", []))


def keys(found: GlueTable) -> list[dict[str, Any]]:
    """Glue's partition keys."""
    return list(found.get("PartitionKeys") or [])
