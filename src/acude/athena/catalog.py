"""Glue's databases and tables, for the statements and operations that Trino has no part in."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from acude.athena.errors import QueryError
from acude.athena.model import Json
from acude.athena.statements import Name, Statement
from acude.athena.trino import CATALOG

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

GlueTable = Mapping[str, Any]
_VIEW = re.compile(r"/\* Presto View: (\S+) \*/")


class Catalog:
    """Reads Glue; nothing is kept, so that a client sees what is registered now."""

    def __init__(self, glue: "GlueClient") -> None:
        self.glue = glue

    def databases(self) -> list[Json]:
        """All databases."""
        pages = self.glue.get_paginator("get_databases").paginate()
        return [cast("Json", each) for page in pages for each in page["DatabaseList"]]

    def database(self, name: str) -> Json | None:
        """One database, None where there is none."""
        try:
            return cast("Json", self.glue.get_database(Name=name)["Database"])
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

    def full_name(self, statement: Statement, database: str | None) -> Name:
        """The database and the table that a statement names."""
        schema, name = (statement.schema or database or "default", *statement.table)[-2:]
        return schema, name

    def resolve(self, statement: Statement, database: str | None) -> tuple[str, str, GlueTable]:
        """The table that a statement names.

        Raises:
            QueryError: SCHEMA_NOT_FOUND or TABLE_NOT_FOUND.
        """
        schema, name = self.full_name(statement, database)
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


def columns(found: GlueTable) -> list[Json]:
    """Glue's columns without partition keys; a view's columns stand in its text only."""
    if text := _VIEW.search(found.get("ViewOriginalText") or ""):
        view = json.loads(base64.b64decode(text[1]))
        return [{"Name": each["name"], "Type": each["type"]} for each in view["columns"]]
    return list(found.get("StorageDescriptor", {}).get("Columns", []))


def keys(found: GlueTable) -> list[Json]:
    """Glue's partition keys."""
    return list(found.get("PartitionKeys") or [])
