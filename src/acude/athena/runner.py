"""Runs one statement: asks Trino or Glue, and leaves the files that Athena would leave."""

from collections.abc import Iterable, Iterator

from acude.athena.catalog import Catalog
from acude.athena.errors import ApiError, QueryError, refuse
from acude.athena.execution import Execution, PreparedStatements
from acude.athena.model import Json
from acude.athena.result_files import ResultFiles
from acude.athena.results import Texts, column_info, rows, text_column
from acude.athena.show import ASKED, asked_sql, show
from acude.athena.statements import Statement, parameter, parse
from acude.athena.trino import Pages, Trino
from acude.athena.writes import SCHEMA_SQL, create_table_sql, location_of, session_of, unload_sql

_PREPARED = "q"
_WRITES = {"CREATE_TABLE_AS_SELECT", "UNLOAD"}
_PASSED = {"EXPLAIN", "EXPLAIN_ANALYZE", "CREATE_VIEW", "DROP_VIEW", "DROP_TABLE"}
"""What Trino answers in lines, or without an answer."""


class Runner:
    """Runs statements with the engine, Glue, the results bucket and the prepared statements."""

    def __init__(self, engine: Trino, catalog: Catalog, files: ResultFiles, prepared: PreparedStatements) -> None:
        self._engine, self._catalog, self._files, self._prepared = engine, catalog, files, prepared

    def run(self, execution: Execution) -> None:
        """Runs a statement, and notes at ``execution`` what came of it.

        Raises:
            QueryError: Why it was refused or failed.
        """
        statement = parse(execution.sql, execution.database)
        given = execution.asked.get("ExecutionParameters")
        # Each begins a line, so that a comment at the end of one does not hide the next.
        using = "\n, ".join(map(parameter, given)) if given else None
        if statement.sub == "EXECUTE":
            if using is not None:
                raise QueryError("INVALID_PARAMETER_USAGE", "EXECUTE takes its parameters from USING")
            prepared = self._known_prepared(execution.workgroup, statement.name)
            using, statement = statement.using, parse(prepared["QueryStatement"], execution.database)
        execution.kind, execution.sub = statement.kind, statement.sub
        if statement.sub == "SELECT" or statement.sub in _PASSED:
            self._ask_for_rows(execution, statement.head or statement.sql, using)
        elif statement.sub in _WRITES:
            self._write(execution, statement, using)
        elif using is not None:
            raise QueryError("INVALID_PARAMETER_USAGE", f"{statement.sub} takes no parameters")
        elif statement.sub in ASKED:
            self._ask_for_rows(execution, asked_sql(statement, self._catalog), None)
        else:
            self._answer_here(execution, statement)

    def _ask(self, execution: Execution, sql: str, using: str | None, session: dict[str, str] | None = None) -> Pages:
        prepared, stopped = dict[str, str](), lambda: execution.stop_reason is not None
        if using is not None:
            # Trino puts the parameters in their places, and counts them.
            prepared = {_PREPARED: sql}
            sql = f"EXECUTE {_PREPARED} USING {using}" if using else f"EXECUTE {_PREPARED}"
        return self._engine.query(sql, execution.database, prepared=prepared, session=session, stopped=stopped)

    def _ask_for_rows(self, execution: Execution, sql: str, using: str | None) -> None:
        pages = self._ask(execution, sql, using)
        try:
            if execution.sub == "SELECT":
                self._keep(execution, [column_info(each) for each in pages.columns], rows(pages.columns, pages))
            else:
                self._keep(execution, [text_column(each["name"]) for each in pages.columns], _lines(pages))
        finally:
            execution.scanned = pages.scanned

    def _keep(self, execution: Execution, columns: list[Json], found: Iterable[Texts]) -> None:
        execution.columns = columns
        execution.rows = self._files.write_rows(execution.output, columns, found, csv=execution.kind == "DML")

    def _write(self, execution: Execution, statement: Statement, using: str | None) -> None:
        location = location_of(statement, self._files, f"{execution.prefix}tables/{execution.id}/")
        unload = statement.sub == "UNLOAD"
        if unload:
            shape = self._ask(execution, f"SELECT * FROM ({statement.query}\n) LIMIT 0", using)  # noqa: S608
            list(shape)
            execution.columns = [column_info(each) for each in shape.columns]
            # Here, not at the engine's start: whoever starts one, and whenever, its first UNLOAD finds the schema.
            list(self._engine.query(SCHEMA_SQL))
            sql, made = unload_sql(statement, location, execution.id, [each["name"] for each in shape.columns])
        else:
            sql, made = create_table_sql(statement, location), ""
        try:
            pages = self._ask(execution, sql, using, session_of(statement))
            list(pages)
            execution.scanned = pages.scanned
        finally:
            if made:
                list(self._engine.query(f"DROP TABLE IF EXISTS {made}"))
        execution.files = self._files.listed(location)
        self._files.write(execution.manifest, "".join(f"{file}\n" for file in execution.files).encode())

    def _known_prepared(self, workgroup: str, name: str) -> Json:
        found = self._prepared.get((workgroup, name))
        if found is None:
            raise QueryError("NOT_FOUND", f"Prepared statement not found: {name}")
        return found

    def _answer_here(self, execution: Execution, statement: Statement) -> None:
        """What Trino has no part in."""
        columns, lines = list[Json](), list[str]()
        if statement.sub == "DEALLOCATE":
            self._known_prepared(execution.workgroup, statement.name)
            self._prepared.pop((execution.workgroup, statement.name), None)
        elif statement.sub == "ALTER_TABLE":
            properties = {name: statement.text(name) for name in statement.properties}
            self._catalog.set_properties(statement.schema, statement.table, properties)
        elif statement.sub == "PREPARE":
            if parse(statement.query, None).sub not in {"SELECT", *_WRITES}:
                raise refuse("Only SELECT, CREATE TABLE AS and UNLOAD can be prepared on the local Athena endpoint")
            try:
                self._prepared.keep(execution.workgroup, statement.name, statement.query)
            except ApiError as full:
                raise QueryError("LIMIT_EXCEEDED", str(full)) from full
        elif statement.sub == "EXECUTE":
            raise refuse("A prepared statement cannot execute another one")
        else:
            column, lines = show(statement, self._catalog)
            columns = [text_column(column)]
        self._keep(execution, columns, ([line] for line in lines))


def _lines(pages: Pages) -> Iterator[Texts]:
    """An answer in lines, such as a plan's."""
    for [text, *_] in rows(pages.columns, pages):
        for line in (text or "").splitlines():
            yield [line]
