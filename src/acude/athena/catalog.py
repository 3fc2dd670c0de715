"""Glue's databases and tables, for the statements and operations that Trino has no part in."""

import base64
import json
import re
from typing import TYPE_CHECKING, Any

from acude.athena.errors import refuse
from acude.athena.model import Json

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

_VIEW = re.compile(r"/\* Presto View: (\S+) \*/")


class Catalog:
    """Reads Glue; nothing is kept, so that a client sees what is registered now.

    botocore's ClientError, EntityNotFoundException among them, says what Glue does not have.
    """

    def __init__(self, glue: "GlueClient") -> None:
        self._glue = glue

    def databases(self) -> list[Json]:
        """All databases."""
        return list(self._glue.get_paginator("get_databases").paginate().search("DatabaseList[]"))

    def database(self, name: str) -> Json:
        """One database."""
        return dict(self._glue.get_database(Name=name)["Database"])

    def tables(self, database: str) -> list[Json]:
        """A database's tables and views."""
        return list(self._glue.get_paginator("get_tables").paginate(DatabaseName=database).search("TableList[]"))

    def table(self, database: str, name: str) -> Json:
        """One table or view."""
        return dict(self._glue.get_table(DatabaseName=database, Name=name)["Table"])

    def set_properties(self, database: str, name: str, properties: Json) -> None:
        """Adds to a table's properties, as Glue keeps them beside its columns.

        Raises:
            QueryError: It is a Delta table.
        """
        table = self.table(database, name)
        if is_delta(table):
            raise refuse("Delta Lake tables are read-only in Athena: ALTER is not supported")
        shape: Any = self._glue.meta.service_model.shape_for("TableInput")
        given: Any = {member: value for member, value in table.items() if member in shape.members}
        given["Parameters"] = table.get("Parameters", {}) | properties
        self._glue.update_table(DatabaseName=database, TableInput=given)


def is_delta(found: Json) -> bool:
    """Whether Glue says that the table is Delta."""
    parameters = found.get("Parameters") or {}
    kinds = (parameters.get("table_type", ""), parameters.get("spark.sql.sources.provider", ""))
    return "delta" in {kind.lower() for kind in kinds}


def columns(found: Json) -> list[Json]:
    """Glue's columns without partition keys; a view's columns stand in its text only."""
    if text := _VIEW.search(found.get("ViewOriginalText") or ""):
        view = json.loads(base64.b64decode(text[1]))
        return [{"Name": each["name"], "Type": each["type"]} for each in view["columns"]]
    return list(found.get("StorageDescriptor", {}).get("Columns", []))


def keys(found: Json) -> list[Json]:
    """Glue's partition keys."""
    return list(found.get("PartitionKeys") or [])
