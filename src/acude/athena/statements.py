"""Statements: queries, the read-only DDL, CTAS, UNLOAD and DROP TABLE; whatever else writes is refused."""

import re
from dataclasses import dataclass, field

from acude.athena.errors import Place, fail, unsupported
from acude.athena.lexer import tokens
from acude.athena.nodes import Name, Query
from acude.athena.parse_query import QueryParser

_DDL = {"SHOW", "DESCRIBE", "DESC", "DROP", "CREATE", "ALTER", "MSCK"}
_WRITES = {"INSERT", "DELETE", "UPDATE", "MERGE", "ALTER", "TRUNCATE", "MSCK", "VACUUM", "OPTIMIZE", "CREATE", "DROP"}
Property = str | int | bool | list[str]


@dataclass(frozen=True)
class SelectStatement:
    """A query whose rows are the answer."""

    query: Query


@dataclass(frozen=True)
class ExplainStatement:
    """EXPLAIN."""

    query: Query


@dataclass(frozen=True)
class CtasStatement:
    """CREATE TABLE … AS."""

    table: tuple[Name, ...]
    properties: dict[str, Property]
    query: Query
    if_not_exists: bool
    place: Place
    with_data: bool = True


@dataclass(frozen=True)
class UnloadStatement:
    """UNLOAD (…) TO 's3://…'."""

    query: Query
    to: str
    properties: dict[str, Property]


@dataclass(frozen=True)
class DropStatement:
    """DROP TABLE."""

    table: tuple[Name, ...]
    if_exists: bool
    place: Place


@dataclass(frozen=True)
class ShowStatement:
    """SHOW … and DESCRIBE. ``what``: DATABASES, TABLES, COLUMNS, CREATE TABLE, PARTITIONS, VIEWS or DESCRIBE."""

    what: str
    names: tuple[Name, ...] = ()
    pattern: str | None = None
    place: Place = field(default_factory=Place)


@dataclass(frozen=True)
class WriteStatement:
    """A statement that writes; refused once its table is looked up."""

    verb: str
    table: tuple[Name, ...]
    place: Place


Statement = (
    SelectStatement
    | ExplainStatement
    | CtasStatement
    | UnloadStatement
    | DropStatement
    | ShowStatement
    | WriteStatement
)


def with_parameters(sql: str, parameters: list[str]) -> str:
    """The statement with its ``?`` replaced by ExecutionParameters, each a literal as SQL writes it.

    Raises:
        QueryError: INVALID_PARAMETER_USAGE where their number differs or one is no literal.
    """
    if not parameters:
        return sql
    marks = [token for token in tokens(sql, backticks=True) if token.word == "?"]
    if len(marks) != len(parameters):
        message = f"Incorrect number of parameters: expected {len(marks)} but found {len(parameters)}"
        fail("INVALID_PARAMETER_USAGE", message)
    out, end = "", 0
    for token, value in zip(marks, parameters, strict=True):
        parser = QueryParser(tokens(value))
        parser.value()
        if parser.token.kind != "end" or any(each.word in {"SELECT", "?"} for each in parser.tokens):
            fail("INVALID_PARAMETER_USAGE", f"The parameter {value} is no literal")
        out, end = f"{out}{sql[end : token.start]}{value}", token.end
    return out + sql[end:]


def parse_statement(sql: str) -> Statement:
    """Reads one statement.

    Raises:
        QueryError: SYNTAX_ERROR, or NOT_SUPPORTED for statements that Athena has and this endpoint has not.
    """
    first = re.match(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*([A-Za-z]+)", sql, re.DOTALL)
    word = first[1].upper() if first else ""
    parser = _StatementParser(tokens(sql, backticks=word in _DDL))
    try:
        found = parser.statement(word)
    except RecursionError:
        fail("STACK_OVERFLOW", "statement is too large (stack overflow while parsing)")
    parser.accept(";")
    if parser.token.kind != "end":
        parser.mismatch("<EOF>")
    return found


class _StatementParser(QueryParser):
    def statement(self, word: str) -> Statement:  # noqa: PLR0911
        if word in {"SHOW", "DESCRIBE", "DESC"}:
            self.next()
            return self._show() if word == "SHOW" else self._describe()
        if word == "EXPLAIN":
            return self._explain()
        if word == "UNLOAD":
            return self._unload()
        if word == "CREATE" and self._is_ctas():
            return self._ctas()
        if self.accept("DROP", "TABLE"):
            place = self.place
            if_exists = self.accept("IF", "EXISTS")
            return DropStatement(self.dotted(), if_exists, place)
        if word in {"PREPARE", "EXECUTE", "DEALLOCATE", "USE", "SET", "GRANT", "REVOKE", "CALL"}:
            unsupported(f"{word}", self.place)
        if word in _WRITES:
            return self._write(word)
        return SelectStatement(self.query())

    def _is_ctas(self) -> bool:
        words = [token.word for token in self.tokens]
        return words[1:2] == ["TABLE"] and "AS" in words

    def _write(self, verb: str) -> WriteStatement:
        place = self.place
        noise = {"INTO", "FROM", "TABLE", "EXTERNAL", "OR", "REPLACE", "VIEW", "DATABASE", "SCHEMA", "IF", "NOT"} | {
            "EXISTS", "REPAIR", verb,
        }  # fmt: skip
        while self.token.word in noise:
            self.next()
        table = self.dotted() if self.sees_name() else ()
        self.at = len(self.tokens) - 1
        return WriteStatement(verb, table, place)

    def _show(self) -> ShowStatement:
        place = self.place
        if self.accept_any("DATABASES", "SCHEMAS"):
            return ShowStatement("DATABASES", pattern=self._pattern(), place=place)
        if what := self.accept_any("TABLES", "VIEWS"):
            names = self.dotted() if self.accept_any("IN", "FROM") else ()
            return ShowStatement(what, names, self._pattern(), place)
        if self.accept("CREATE"):
            self.expect("TABLE")
            return ShowStatement("CREATE TABLE", self.dotted(), place=place)
        if what := self.accept_any("COLUMNS", "PARTITIONS"):
            if what == "COLUMNS" and not self.accept_any("IN", "FROM"):
                self.mismatch("'FROM', 'IN'")
            names = self.dotted()
            if what == "COLUMNS" and self.accept_any("IN", "FROM"):
                names = (self.name(), *names)
            return ShowStatement(what, names, place=place)
        return unsupported(f"SHOW {self.token.text}", place)

    def _pattern(self) -> str | None:
        liked = self.accept("LIKE")
        return self.string() if liked or self.token.kind == "string" else None

    def _describe(self) -> ShowStatement:
        place = self.place
        self.accept_any("EXTENDED", "FORMATTED")
        return ShowStatement("DESCRIBE", self.dotted(), place=place)

    def _explain(self) -> ExplainStatement:
        self.expect("EXPLAIN")
        if self.sees("ANALYZE") or self.sees("("):
            unsupported("EXPLAIN with options or ANALYZE", self.place)
        return ExplainStatement(self.query())

    def _unload(self) -> UnloadStatement:
        self.expect("UNLOAD", "(")
        query = self.query()
        self.expect(")", "TO")
        to = self.string()
        return UnloadStatement(query, to, self._properties())

    def _ctas(self) -> CtasStatement:
        self.expect("CREATE", "TABLE")
        place = self.place
        if_not_exists = self.accept("IF", "NOT", "EXISTS")
        table = self.dotted()
        properties = self._properties()
        self.expect("AS")
        query = self.query()
        with_data = True
        if self.accept("WITH"):
            with_data = not self.accept("NO")
            self.expect("DATA")
        return CtasStatement(table, properties, query, if_not_exists, place, with_data)

    def _properties(self) -> dict[str, Property]:
        found: dict[str, Property] = {}
        if not self.accept("WITH"):
            return found
        self.expect("(")
        while True:
            name = self.name().key
            self.expect("=")
            found[name] = self._property()
            if not self.accept(","):
                break
        self.expect(")")
        return found

    def _property(self) -> Property:
        if self.token.kind == "integer":
            return int(self.next().text)
        if word := self.accept_any("TRUE", "FALSE"):
            return word == "TRUE"
        if self.accept("ARRAY"):
            self.expect("[")
            items = [self.string()]
            while self.accept(","):
                items.append(self.string())
            self.expect("]")
            return items
        return self.string()
