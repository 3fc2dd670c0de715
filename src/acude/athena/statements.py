"""Which statement it is: its words say it. What they don't say is left to Trino, which alone reads SQL."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from acude.athena.errors import ApiError, QueryError, refuse
from acude.athena.lexer import masked, unquoted
from acude.athena.trino import CATALOG

_WORD = r"""(?:[a-z_][a-z0-9_]*|"_+"|`_+`)"""
_TABLE = rf"(?P<table>{_WORD}(?: *\. *{_WORD}){{0,2}})"
_VALUE = rf"(?P<name>{_WORD}|'_*') *= *(?P<value>'_*'|ARRAY *\[[^\[\]]*\]|[a-z0-9_.]+)"
_ONE_VALUE = re.sub(r"\?P<\w+>", "?:", _VALUE)
_LISTED = rf"\( *(?P<properties>{_ONE_VALUE}(?: *, *{_ONE_VALUE})*) *\)"
_PROPERTIES = rf"(?: *\bWITH *{_LISTED})?"
_QUERY = r"(?:(?:SELECT|WITH|VALUES|TABLE)\b.*|\(.*)"
_LIKE = r"(?: +(?:LIKE *)?(?P<pattern>'_*'))?"
_IN = rf"(?: +(?:IN|FROM) +(?:{_WORD} *\. *)?(?P<schema>{_WORD}))?"
_HEAD = rf"(?P<head>(?:IF +NOT +EXISTS +)?{_TABLE}(?: *\([^()]*\))?(?: *COMMENT *'_*')?)"

_FORMS = [
    ("DML", "SELECT", _QUERY),
    ("DML", "UNLOAD", rf"UNLOAD *\((?P<query>.*)\) *TO *(?P<to>'_*'){_PROPERTIES}"),
    ("DML", "EXECUTE", rf"EXECUTE +(?P<name>{_WORD})(?: +USING +(?P<using>.+))?"),
    ("UTILITY", "EXPLAIN", rf"EXPLAIN\b *(?:\( *(?:TYPE|FORMAT)\b[^()]*\) *)?+{_QUERY}"),
    ("UTILITY", "EXPLAIN_ANALYZE", rf"EXPLAIN +ANALYZE\b *(?:VERBOSE\b)? *{_QUERY}"),
    ("UTILITY", "PREPARE", rf"PREPARE +(?P<name>{_WORD}) +FROM +(?P<query>.+)"),
    ("UTILITY", "DEALLOCATE", rf"DEALLOCATE +PREPARE +(?P<name>{_WORD})"),
    ("UTILITY", "DESCRIBE_TABLE", rf"DESC(?:RIBE)? +(?:(?:EXTENDED|FORMATTED) +)?{_TABLE}"),
    ("DDL", "SHOW_DATABASES", rf"SHOW +(?:DATABASES|SCHEMAS){_LIKE}"),
    ("DDL", "SHOW_TABLES", rf"SHOW +TABLES{_IN}{_LIKE}"),
    ("DDL", "SHOW_VIEWS", rf"SHOW +VIEWS{_IN}{_LIKE}"),
    ("DDL", "SHOW_COLUMNS", rf"SHOW +COLUMNS +(?:IN|FROM) +{_TABLE}{_IN}"),
    ("DDL", "SHOW_PARTITIONS", rf"SHOW +PARTITIONS +{_TABLE}"),
    ("DDL", "SHOW_TBLPROPERTIES", rf"SHOW +TBLPROPERTIES +{_TABLE}(?: *\( *(?P<pattern>'_*') *\))?"),
    ("DDL", "SHOW_CREATE_TABLE", rf"SHOW +CREATE +TABLE +{_TABLE}"),
    ("DDL", "SHOW_CREATE_VIEW", rf"SHOW +CREATE +VIEW +{_TABLE}"),
    ("DDL", "CREATE_VIEW", rf"CREATE +(?:OR +REPLACE +)?VIEW +{_TABLE}.*"),
    ("DDL", "CREATE_TABLE_AS_SELECT", rf"CREATE +TABLE +{_HEAD}{_PROPERTIES} *\bAS\b(?P<query>.+)"),
    ("DDL", "ALTER_TABLE", rf"ALTER +TABLE +{_TABLE} +SET +TBLPROPERTIES *{_LISTED}"),
    ("DDL", "DROP_TABLE", rf"(?P<head>DROP +TABLE +(?:IF +EXISTS +)?{_TABLE})"),
    ("DDL", "DROP_VIEW", rf"(?P<head>DROP +VIEW +(?:IF +EXISTS +)?{_TABLE})"),
]
"""Athena's StatementType and SubstatementType, and how the statement is written; its parts are named groups."""
_COMPILED = [(kind, sub, re.compile(form, re.IGNORECASE | re.ASCII)) for kind, sub, form in _FORMS]

_WRITES = re.compile(r"(?:INSERT|DELETE|UPDATE|MERGE|TRUNCATE|ALTER|OPTIMIZE|VACUUM)\b", re.IGNORECASE)
_OTHERS = re.compile(
    r"(?:ANALYZE|BEGIN|CALL|COMMENT|COMMIT|CREATE|DEALLOCATE|DENY|DESC|DESCRIBE|DROP|EXECUTE|EXPLAIN|EXPORT|GRANT|IMPORT"
    r"|LOAD|LOCK|MSCK|PREPARE|REFRESH|RESET|REVOKE|ROLLBACK|SET|SHOW|START|UNLOAD|UNSET|USE|USING)\b",
    re.IGNORECASE,
)
"""Words that begin statements of Athena's or Trino's, of which not all are answered here."""
_TIME_TRAVEL = re.compile(r"\bFOR +(\w+) +AS +OF\b", re.IGNORECASE)
_INLINE = re.compile(r"\bWITH +(FUNCTION|SESSION)\b(?! *(?:AS\b|\())", re.IGNORECASE)


@dataclass(frozen=True)
class Statement:
    """One statement. What it doesn't have is empty.

    Attributes:
        sql: Its text.
        kind: Athena's StatementType.
        sub: Athena's SubstatementType.
        schema: The database that it names, or else the default one.
        table: The table or view that it names.
        pattern: Which names SHOW lists.
        query: The query that is written to files or prepared.
        head: In Trino's quotes: a whole DROP; of CTAS what stands between CREATE TABLE and the properties.
        to: UNLOAD: the target.
        properties: CTAS, UNLOAD and ALTER TABLE: as SQL writes their values.
        name: The name of a prepared statement.
        using: EXECUTE: the text after USING.
    """

    sql: str
    kind: str
    sub: str
    schema: str
    table: str = ""
    pattern: str | None = None
    query: str = ""
    head: str = ""
    to: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    using: str = ""

    def text(self, name: str) -> str:
        """A property that is a string, empty where it is missing.

        Raises:
            QueryError: It is no string.
        """
        value = self.properties.get(name, "''")
        if value[0] != "'":
            raise QueryError("INVALID_TABLE_PROPERTY", f"The property {name} must be a string")
        return unquoted(value)


def single(sql: str) -> str:
    """The only statement of a text, without a semicolon at its end.

    Raises:
        ApiError: There is none, or more than one.
    """
    shown = masked(sql).rstrip("; ")
    if not shown:
        raise ApiError("The statement is empty")
    if ";" in shown:
        raise ApiError(f"Only one sql statement is allowed. Got: {sql}")
    return sql[: len(shown)]


def parse(sql: str, database: str | None) -> Statement:
    """Reads a single statement.

    Args:
        sql: Its text.
        database: The default database.

    Raises:
        QueryError: Athena refuses such a statement, or the local endpoint does.
    """
    shown = masked(sql)
    _refuse_everywhere(shown)
    start, end = len(shown) - len(shown.lstrip(" ")), len(shown.rstrip(" "))
    for kind, sub, form in _COMPILED:
        if found := form.fullmatch(shown, start, end):
            named = [part for part, text in found.groupdict().items() if text is not None]
            parts = {part: _PARTS.get(part, str)(sql[slice(*found.span(part))]) for part in named}
            schema, table = (parts.pop("schema", database or "default"), *parts.pop("table", ("",)))[-2:]
            return Statement(sql, kind, sub, schema, table, **parts)
    if found := _WRITES.match(shown, start):
        raise refuse(f"Delta Lake tables are read-only in Athena: {found[0].upper()} is not supported")
    if _OTHERS.match(shown, start):
        raise refuse(f"Not available on the local Athena endpoint: {' '.join(sql.split())[:80]}")
    # It is none that Trino knows either: its parser says where it goes wrong.
    return Statement(sql, "DML", "SELECT", database or "default")


def parameter(text: str) -> str:
    """One ExecutionParameter, which is an expression.

    Raises:
        QueryError: It is none, or more than one, or opens a comment that the next one could close.
    """
    depth, shown = 0, masked(text)
    for sign in shown:
        depth += (sign in "([") - (sign in ")]")
        if depth < 0 or sign == ";" or (sign == "," and not depth):
            break
    else:
        if shown.strip() and not depth and "/*" not in shown:
            return text
    raise QueryError("INVALID_PARAMETER_USAGE", f"The parameter {text!r} is not one expression")


def _refuse_everywhere(shown: str) -> None:
    """What Trino has and Athena has not, wherever it stands."""
    if found := _TIME_TRAVEL.search(shown):
        raise refuse(f"Time travel (FOR {found[1].upper()} AS OF) is not supported for Delta Lake tables in Athena")
    if found := _INLINE.search(shown):
        raise refuse(f"WITH {found[1].upper()} is not supported in Athena")
    if "$$" in shown:
        raise QueryError("SYNTAX_ERROR", "mismatched input '$$'")


def _name(text: str) -> str:
    """A name has no case, except for a property's in quotes."""
    return unquoted(text) if text[0] == "'" else (unquoted(text) if text[0] in '"`' else text).lower()


def _table(text: str) -> tuple[str, ...]:
    parts = tuple(_name(text[found.start() : found.end()]) for found in re.finditer(r'"_+"|`_+`|\w+', masked(text)))
    if parts[:-2] not in {(), (CATALOG,)}:
        raise QueryError("CATALOG_NOT_FOUND", f"Catalog '{parts[0]}' not found")
    return parts[-2:]


def _properties(text: str) -> Mapping[str, str]:
    found = re.finditer(_VALUE, masked(text), re.IGNORECASE | re.ASCII)
    return {_name(text[slice(*each.span("name"))]): text[slice(*each.span("value"))] for each in found}


_PARTS: dict[str, Callable[[str], Any]] = {
    "table": _table,
    "schema": _name,
    "name": _name,
    "pattern": unquoted,
    "head": lambda text: "".join('"' if mark == "`" else sign for mark, sign in zip(masked(text), text, strict=True)),
    "to": unquoted,
    "properties": _properties,
}
"""How a part's value is read from its text, where it is not that text itself."""
