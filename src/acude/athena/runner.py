"""Runs one statement: asks Trino or Glue, and leaves the files that Athena would leave."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from acude.athena.catalog import Catalog
from acude.athena.errors import QueryError, refuse
from acude.athena.prepared import PreparedStatements
from acude.athena.result_files import ResultFiles
from acude.athena.results import Json, Texts, column_info, rows, text_column
from acude.athena.show import show
from acude.athena.statements import Drop, Execute, Passed, Prepare, Query, Show, Statement, Write, parameter, parse
from acude.athena.trino import CATALOG, Pages, Trino
from acude.athena.trino import Statement as Asked
from acude.athena.writes import create_table_sql, location_of, session_of, unload_sql

_PREPARED = "q"


@dataclass
class Work:
    """One query's text, and what came of it.

    Attributes:
        sql: A single statement.
        database: The default database.
        workgroup: Whose prepared statements it may execute.
        parameters: What takes the place of its question marks.
        prefix: Where its files go, with a slash at the end.
        query_id: Names them.
        stopped: Whether it shall end.
        kind: Athena's StatementType.
        sub: Athena's SubstatementType.
        columns: Entries of ResultSetMetadata.
        rows: How many there are.
        has_rows: Whether there is a file of them.
        files: What CTAS or UNLOAD wrote.
        scanned: Bytes read.
    """

    sql: str
    database: str | None
    workgroup: str
    parameters: tuple[str, ...]
    prefix: str
    query_id: str
    stopped: Callable[[], bool] = lambda: False
    kind: str = "DML"
    sub: str = ""
    columns: list[Json] = field(default_factory=list)
    rows: int = 0
    has_rows: bool = False
    files: list[str] | None = None
    scanned: int = 0

    @property
    def output(self) -> str:
        """The address of its result file."""
        if self.sub == "UNLOAD":
            return self.prefix + self.query_id
        if self.sub == "CREATE_TABLE_AS_SELECT":
            return f"{self.prefix}tables/{self.query_id}"
        return f"{self.prefix}{self.query_id}.{'csv' if self.kind == 'DML' else 'txt'}"

    @property
    def manifest(self) -> str:
        """The address of the list of files that it wrote."""
        prefix = "tables/" if self.sub == "CREATE_TABLE_AS_SELECT" else ""
        return f"{self.prefix}{prefix}{self.query_id}-manifest.csv"


class Runner:
    """Runs statements.

    Args:
        engine: Trino.
        catalog: Glue.
        files: The results bucket, the only one that is written.
        prepared: The workgroups' prepared statements.
    """

    def __init__(self, engine: Trino, catalog: Catalog, files: ResultFiles, prepared: PreparedStatements) -> None:
        self._engine, self._catalog, self._files, self._prepared = engine, catalog, files, prepared

    def run(self, work: Work) -> None:
        """Runs a statement, and notes at ``work`` what came of it.

        Raises:
            QueryError: Why it was refused or failed.
        """
        statement = parse(work.sql)
        work.kind, work.sub = statement.kind, statement.sub
        using = ", \n".join(map(parameter, work.parameters)) if work.parameters else None
        if isinstance(statement, Execute):
            if using is not None:
                raise QueryError("INVALID_PARAMETER_USAGE", "EXECUTE takes its parameters from USING")
            using, statement = statement.using, parse(self._prepared.query(work.workgroup, statement.name))
            work.kind, work.sub = statement.kind, statement.sub
        if isinstance(statement, Query | Passed):
            self._ask_for_rows(work, statement, using)
        elif isinstance(statement, Write):
            self._write(work, statement, using)
        elif using is not None:
            raise QueryError("INVALID_PARAMETER_USAGE", f"{statement.sub} takes no parameters")
        else:
            self._answer_here(work, statement)

    def _ask(self, work: Work, sql: str, using: str | None, session: dict[str, str] | None = None) -> Pages:
        asked = Asked(sql, work.database, session=session or {})
        if using is not None:
            # Trino puts the parameters in their places, and counts them.
            execute = f"EXECUTE {_PREPARED} USING {using}" if using else f"EXECUTE {_PREPARED}"
            asked = Asked(execute, work.database, {_PREPARED: sql}, asked.session)
        return self._engine.query(asked, work.stopped)

    def _ask_for_rows(self, work: Work, statement: Query | Passed, using: str | None) -> None:
        pages = self._ask(work, statement.sql, using)
        try:
            if isinstance(statement, Query):
                self._keep(work, [column_info(each) for each in pages.columns], rows(pages.columns, pages))
            else:
                self._keep(work, [text_column(each["name"]) for each in pages.columns], _lines(pages))
        finally:
            work.scanned = pages.scanned

    def _keep(self, work: Work, columns: list[Json], found: Iterable[Texts]) -> None:
        work.columns = columns
        header = work.kind == "DML"
        work.rows = self._files.write_rows(work.output, columns, found, header=header)
        work.has_rows = True

    def _write(self, work: Work, statement: Write, using: str | None) -> None:
        location = location_of(statement, self._files, f"{work.prefix}tables/{work.query_id}/")
        unload = statement.sub == "UNLOAD"
        if unload or not self._exists(statement, work):
            self._require_empty(location)
        if unload:
            shape = self._ask(work, f"SELECT * FROM ({statement.query}\n) LIMIT 0", using)  # noqa: S608
            list(shape)
            work.columns = [column_info(each) for each in shape.columns]
            names = [each["name"] for each in shape.columns]
            sql, made = unload_sql(statement, location, work.query_id, names)
        else:
            sql, made = create_table_sql(statement, location), ""
        try:
            pages = self._ask(work, sql, using, session_of(statement, made))
            list(pages)
            work.scanned = pages.scanned
        finally:
            if made:
                list(self._engine.query(Asked(f"DROP TABLE IF EXISTS {made}")))
        work.files = self._files.listed(location)
        self._files.write_manifest(work.manifest, work.files)

    def _exists(self, statement: Write, work: Work) -> bool:
        schema, name = (work.database or "default", *statement.table)[-2:]
        return self._catalog.table(schema, name) is not None

    def _require_empty(self, location: str) -> None:
        if self._files.listed(location, most=1):
            raise QueryError("HIVE_PATH_ALREADY_EXISTS", f"Target directory already exists: {location}")

    def _answer_here(self, work: Work, statement: Statement) -> None:
        """What Trino has no part in, or only a small one."""
        if isinstance(statement, Show) and statement.what == "CREATE VIEW":
            schema, name, _ = self._catalog.resolve(statement.names, work.database)
            quoted = ".".join('"' + part.replace('"', '""') + '"' for part in (CATALOG, schema, name))
            self._ask_for_rows(work, Passed(f"SHOW CREATE VIEW {quoted}", work.kind, work.sub), None)
            return
        column, lines = "", list[str]()
        if isinstance(statement, Show):
            column, lines = show(statement, self._catalog, work.database)
        elif isinstance(statement, Drop):
            self._drop(work, statement)
        elif isinstance(statement, Prepare):
            self._prepare(work, statement)
        self._keep(work, [text_column(column)] if column else [], ([line] for line in lines))

    def _prepare(self, work: Work, statement: Prepare) -> None:
        if not statement.query:
            self._prepared.delete(work.workgroup, statement.name)
            return
        if not isinstance(parse(statement.query), Query | Write):
            raise refuse("Only SELECT, CREATE TABLE AS and UNLOAD can be prepared on the local Athena endpoint")
        self._prepared.put(work.workgroup, statement.name, statement.query)

    def _drop(self, work: Work, statement: Drop) -> None:
        """Drops a table that CTAS made; its files stay, as they do in Athena."""
        schema, name = (work.database or "default", *statement.table)[-2:]
        if statement.if_exists and self._catalog.table(schema, name) is None:
            return
        _, _, table = self._catalog.resolve(statement.table, work.database)
        if not self._files.holds((table.get("StorageDescriptor") or {}).get("Location", "")):
            message = f"Access Denied: only tables whose files are in s3://{self._files.bucket}/ may be dropped"
            raise QueryError("PERMISSION_DENIED", message)
        self._catalog.glue.delete_table(DatabaseName=schema, Name=name)


def _lines(pages: Pages) -> Iterator[Texts]:
    """An answer in lines, such as a plan's."""
    for [text, *_] in rows(pages.columns, pages):
        for line in (text or "").splitlines():
            yield [line]
