"""Runs one statement: translates it, lets DuckDB answer, writes what Athena would write."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb

from acude.athena import statements as st
from acude.athena.catalog import Catalog
from acude.athena.engine import Engine, rows
from acude.athena.errors import Place, fail, unsupported
from acude.athena.information_schema import is_information_schema, open_view
from acude.athena.nodes import Name, Query
from acude.athena.results import texts
from acude.athena.scope import Output, Plan, Table
from acude.athena.show import show
from acude.athena.translate import plan_query
from acude.athena.types import VARCHAR
from acude.athena.writes import TableWriter, Target

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Texts = list[str | None]


@dataclass
class Answer:
    """What a statement gives.

    Attributes:
        kind: Athena's StatementType: DML, DDL or UTILITY.
        sub: Athena's SubstatementType.
        names: Column names.
        outputs: Columns.
        rows: The rows as text, read once.
        header: Whether the first row of the results names the columns.
        files: S3 addresses that CTAS or UNLOAD wrote.
    """

    kind: str
    sub: str
    names: list[str] = field(default_factory=list)
    outputs: tuple[Output, ...] = ()
    rows: Iterator[Texts] = field(default_factory=lambda: iter(()))
    header: bool = False
    files: list[str] = field(default_factory=list)


class Runner:
    """Runs statements for one execution each.

    Args:
        catalog: Glue.
        engine: DuckDB.
        s3: For looking at what lies at a target.
        bucket: The results bucket, the only one in which tables are written.
    """

    def __init__(self, catalog: Catalog, engine: Engine, s3: "S3Client", bucket: str) -> None:
        self.catalog = catalog
        self.engine = engine
        self.writer = TableWriter(catalog, s3, bucket)

    def run(self, sql: str, database: str | None, cursor: duckdb.DuckDBPyConnection, target: Target) -> Answer:  # noqa: PLR0911
        """Runs a statement.

        Args:
            sql: The statement.
            database: The default database.
            cursor: The connection on which it runs; interrupting it stops the query.
            target: The query's id and where its results go.

        Raises:
            QueryError: Why it was refused or failed.
        """
        statement = st.parse_statement(sql)
        cursor.execute("PRAGMA enable_profiling='no_output'")
        if isinstance(statement, st.SelectStatement):
            return self._select(statement.query, database, cursor)
        if isinstance(statement, st.ExplainStatement):
            return self._explain(statement.query, database, cursor)
        if isinstance(statement, st.ShowStatement):
            name, lines = show(statement, self.catalog, database)
            found: Iterator[Texts] = ([line] for line in lines)
            return Answer("DDL", f"SHOW_{statement.what}".replace(" ", "_"), [name], (Output(None, VARCHAR),), found)
        if isinstance(statement, st.CtasStatement):
            plan = self._plan(statement.query, database)
            files = self.writer.create_table(statement, plan, database, cursor, target)
            return Answer("DDL", "CREATE_TABLE_AS_SELECT", files=files)
        if isinstance(statement, st.UnloadStatement):
            files = self.writer.unload(statement, self._plan(statement.query, database), cursor, target)
            return Answer("DML", "UNLOAD", files=files)
        if isinstance(statement, st.DropStatement):
            self.writer.drop(statement, database)
            return Answer("DDL", "DROP_TABLE")
        return self._refuse(statement, database)

    def _plan(self, query: Query, database: str | None) -> Plan:
        opened: dict[tuple[str, ...], Table] = {}

        def find(parts: tuple[Name, ...], place: Place) -> Table:
            key = tuple(part.key for part in parts)
            if key not in opened:
                if is_information_schema(parts, database):
                    opened[key] = open_view(self.catalog, parts, place)
                else:
                    opened[key] = self.catalog.open(parts, place, database)
            return opened[key]

        return plan_query(query, find)

    def _select(self, query: Query, database: str | None, cursor: duckdb.DuckDBPyConnection) -> Answer:
        plan = self._plan(query, database)
        found = (texts(row, plan.outputs) for row in rows(cursor, plan.sql))
        return Answer("DML", "SELECT", plan.names, plan.outputs, found, header=True)

    def _explain(self, query: Query, database: str | None, cursor: duckdb.DuckDBPyConnection) -> Answer:
        plan = self._plan(query, database)
        explained: Sequence[Any] = [row[1] for row in rows(cursor, f"EXPLAIN {plan.sql}")]
        lines: Iterator[Texts] = ([line] for text in explained for line in str(text).splitlines())
        return Answer("UTILITY", "EXPLAIN", ["Query Plan"], (Output(None, VARCHAR),), lines)

    def _refuse(self, statement: st.WriteStatement, database: str | None) -> Answer:
        if statement.verb == "CREATE":
            unsupported("CREATE other than CREATE TABLE … AS SELECT", statement.place)
        if statement.table and statement.verb in {"INSERT", "DELETE", "UPDATE", "MERGE"}:
            self.catalog.resolve(statement.table, statement.place, database)
        message = f"Delta Lake tables are read-only in Athena: {statement.verb} is not supported"
        fail("NOT_SUPPORTED", message, statement.place)


def scanned_bytes(cursor: duckdb.DuckDBPyConnection) -> int:
    """Bytes that the connection's last query read from files, metadata included."""
    try:
        return int(json.loads(cursor.get_profiling_information(format="json")).get("total_bytes_read", 0))
    except (duckdb.Error, ValueError):
        return 0
