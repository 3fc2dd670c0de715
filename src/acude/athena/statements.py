"""Which statement it is: its first words say it. What they don't say is left to Trino, which alone reads SQL."""

from dataclasses import dataclass, field, replace

from acude.athena.errors import QueryError, refuse
from acude.athena.lexer import Token, tokens
from acude.athena.reader import Name, Reader

_QUERY = {"SELECT", "WITH", "VALUES", "TABLE", "("}
_WRITES = {"INSERT", "DELETE", "UPDATE", "MERGE", "TRUNCATE", "ALTER", "OPTIMIZE", "VACUUM"}
_ELSEWHERE = {
    *("ANALYZE", "BEGIN", "CALL", "COMMENT", "COMMIT", "CREATE", "DENY", "DROP", "EXPORT", "GRANT", "IMPORT", "LOAD"),
    *("LOCK", "MSCK", "REFRESH", "RESET", "REVOKE", "ROLLBACK", "SET", "START", "UNSET", "USE", "USING"),
}
"""Other statements that Athena or Trino knows, none of which the local endpoint runs."""


class NoStatementError(ValueError):
    """There is not exactly one statement in the text."""


@dataclass(frozen=True)
class Statement:
    """One statement.

    Attributes:
        sql: Its text.
        kind: Athena's StatementType.
        sub: Athena's SubstatementType.
    """

    sql: str
    kind: str = "DML"
    sub: str = "SELECT"


@dataclass(frozen=True)
class Query(Statement):
    """Rows with a header: SELECT and its like."""


@dataclass(frozen=True)
class Passed(Statement):
    """What Trino answers in lines, or without an answer: EXPLAIN, CREATE VIEW, DROP VIEW."""


@dataclass(frozen=True)
class Show(Statement):
    """SHOW and DESCRIBE. ``what`` is DATABASES, TABLES, COLUMNS and so on."""

    what: str = ""
    names: Name = ()
    pattern: str | None = None


@dataclass(frozen=True)
class Drop(Statement):
    """DROP TABLE."""

    table: Name = ()
    if_exists: bool = False


@dataclass(frozen=True)
class Write(Statement):
    """CREATE TABLE AS and UNLOAD: a query whose rows go to files.

    Attributes:
        head: What stands between CREATE TABLE and the properties: IF NOT EXISTS, the name, names of columns, a comment.
        table: The table's name; empty for UNLOAD.
        to: UNLOAD's target.
        properties: As SQL writes their values.
        query: The query's text.
    """

    head: str = ""
    table: Name = ()
    to: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    query: str = ""


@dataclass(frozen=True)
class Prepare(Statement):
    """PREPARE and DEALLOCATE PREPARE; the latter has no ``query``."""

    name: str = ""
    query: str = ""


@dataclass(frozen=True)
class Execute(Statement):
    """EXECUTE; ``using`` is the text after USING."""

    name: str = ""
    using: str = ""


def single(sql: str) -> str:
    """The only statement of a text, without a semicolon at its end.

    Raises:
        NoStatementError: There is none, or more than one.
    """
    found = tokens(sql)
    while found and found[-1].word == ";":
        sql = sql[: found.pop().start]
    if not found:
        raise NoStatementError("The statement is empty")
    if any(token.word == ";" for token in found):
        raise NoStatementError("Only one sql statement is allowed. Got: " + sql)
    return sql


def parse(sql: str) -> Statement:
    """Reads a single statement's first words.

    Raises:
        QueryError: Athena refuses such a statement, or the local endpoint does.
    """
    read = Reader(sql)
    _refuse_everywhere(read.tokens)
    word = read.token.word
    if word in _QUERY:
        return Query(sql)
    found = _READERS.get(word)
    if found is not None:
        return found(read)
    if word in _WRITES:
        raise refuse(f"Delta Lake tables are read-only in Athena: {word} is not supported")
    if word in _ELSEWHERE:
        raise refuse(f"{word} is not available on the local Athena endpoint")
    raise read.mismatch("a statement")


def parameter(text: str) -> str:
    """One ExecutionParameter, an expression, without its comments.

    Raises:
        QueryError: It is none, or more than one.
    """
    depth, found = 0, tokens(text)
    for token in found:
        depth += (token.word in {"(", "["}) - (token.word in {")", "]"})
        if depth < 0 or token.word == ";" or (token.word == "," and not depth):
            break
    else:
        if found and not depth:
            # With a blank between its tokens it opens no comment that the next one could close.
            return " ".join(token.text for token in found)
    raise QueryError("INVALID_PARAMETER_USAGE", f"The parameter {text!r} is not one expression")


def _refuse_everywhere(found: list[Token]) -> None:
    """What Trino has and Athena has not, wherever it stands."""
    words = [token.word for token in found]
    for index, word in enumerate(words):
        after = words[index + 1 : index + 4]
        if word == "FOR" and after[1:] == ["AS", "OF"]:
            raise refuse(f"Time travel (FOR {after[0]} AS OF) is not supported for Delta Lake tables in Athena")
        if word == "WITH" and after[:1] in (["FUNCTION"], ["SESSION"]) and after[1:2] not in (["AS"], ["("]):
            raise refuse(f"WITH {after[0]} is not supported in Athena")
    if any(token.kind == "dollars" for token in found):
        raise QueryError("SYNTAX_ERROR", "mismatched input '$$'")


def _explain(read: Reader) -> Statement:
    read.next()
    sub = "EXPLAIN_ANALYZE" if read.accept("ANALYZE") else "EXPLAIN"
    if sub == "EXPLAIN_ANALYZE":
        read.accept("VERBOSE")
    if read.token.word == "(" and read.peek().word in {"TYPE", "FORMAT"}:
        read.skip_brackets()
    # EXPLAIN ANALYZE runs its statement.
    if read.token.word not in _QUERY:
        raise refuse(f"{sub.replace('_', ' ')} of {read.token.text} is not available on the local Athena endpoint")
    return Passed(read.sql, "UTILITY", sub)


def _show(read: Reader) -> Statement:
    read.next()
    if read.accept("DATABASES", "SCHEMAS"):
        found = Show(read.sql, what="DATABASES", pattern=_pattern(read))
    elif what := read.accept("TABLES", "VIEWS"):
        names = read.dotted() if read.accept("IN", "FROM") else ()
        found = Show(read.sql, what=what, names=names, pattern=_pattern(read))
    elif read.accept("CREATE"):
        what = read.expect("TABLE", "VIEW")
        found = Show(read.sql, what=f"CREATE {what}", names=read.dotted())
    elif what := read.accept("COLUMNS"):
        read.expect("IN", "FROM")
        names = read.dotted()
        names = (*read.dotted(), *names) if read.accept("IN", "FROM") else names
        found = Show(read.sql, what=what, names=names)
    elif what := read.accept("PARTITIONS"):
        found = Show(read.sql, what=what, names=read.dotted())
    elif what := read.accept("TBLPROPERTIES"):
        found = Show(read.sql, what=what, names=read.dotted(), pattern=_bracketed(read))
    else:
        raise refuse(f"SHOW {read.token.text} is not available on the local Athena endpoint")
    read.end()
    return replace(found, kind="DDL", sub=f"SHOW_{found.what}".replace(" ", "_"))


def _pattern(read: Reader) -> str | None:
    return read.string() if read.accept("LIKE") or read.token.kind == "string" else None


def _bracketed(read: Reader) -> str | None:
    if not read.accept("("):
        return None
    name = read.string()
    read.expect(")")
    return name


def _describe(read: Reader) -> Statement:
    read.next()
    read.accept("EXTENDED", "FORMATTED")
    found = Show(read.sql, "UTILITY", "DESCRIBE_TABLE", "DESCRIBE", read.dotted())
    read.end()
    return found


def _create(read: Reader) -> Statement:
    read.next()
    replaced = bool(read.accept("OR"))
    if replaced:
        read.expect("REPLACE")
    if read.accept("VIEW"):
        read.own_table()
        return Passed(read.sql, "DDL", "CREATE_VIEW")
    if replaced or not read.accept("TABLE"):
        raise refuse(f"CREATE {read.token.text} is not available on the local Athena endpoint")
    return _create_table(read)


def _create_table(read: Reader) -> Statement:
    start = read.token.start
    if read.accept("IF"):
        read.expect("NOT")
        read.expect("EXISTS")
    table = read.own_table()
    if read.token.word == "(":
        read.skip_brackets()
    if read.accept("COMMENT"):
        read.string()
    head = read.sql[start : read.token.start].replace("`", '"')
    properties = read.properties()
    if not read.accept("AS"):
        raise refuse("CREATE TABLE without AS is not available on the local Athena endpoint")
    query = read.sql[read.token.start :]
    return Write(read.sql, "DDL", "CREATE_TABLE_AS_SELECT", head, table, "", properties, query)


def _unload(read: Reader) -> Statement:
    read.next()
    start = read.token.end
    end = read.skip_brackets()
    read.expect("TO")
    to = read.string()
    properties = read.properties()
    read.end()
    return Write(read.sql, "DML", "UNLOAD", to=to, properties=properties, query=read.sql[start:end])


def _drop(read: Reader) -> Statement:
    read.next()
    if read.accept("VIEW"):
        return Passed(read.sql.replace("`", '"'), "DDL", "DROP_VIEW")
    if not read.accept("TABLE"):
        raise refuse(f"DROP {read.token.text} is not available on the local Athena endpoint")
    if_exists = bool(read.accept("IF") and read.expect("EXISTS"))
    found = Drop(read.sql, "DDL", "DROP_TABLE", read.own_table(), if_exists)
    read.end()
    return found


def _prepare(read: Reader) -> Statement:
    read.next()
    name = read.name()
    read.expect("FROM")
    return Prepare(read.sql, "UTILITY", "PREPARE", name, read.sql[read.token.start :])


def _deallocate(read: Reader) -> Statement:
    read.next()
    read.expect("PREPARE")
    found = Prepare(read.sql, "UTILITY", "DEALLOCATE", read.name())
    read.end()
    return found


def _execute(read: Reader) -> Statement:
    read.next()
    if read.token.word == "IMMEDIATE":
        raise refuse("EXECUTE IMMEDIATE is not available on the local Athena endpoint")
    name = read.name()
    using = read.sql[read.token.start :] if read.accept("USING") and read.token.text else ""
    if not using:
        read.end()
    return Execute(read.sql, name=name, using=using)


_READERS = {
    "EXPLAIN": _explain,
    "SHOW": _show,
    "DESCRIBE": _describe,
    "DESC": _describe,
    "CREATE": _create,
    "UNLOAD": _unload,
    "DROP": _drop,
    "PREPARE": _prepare,
    "DEALLOCATE": _deallocate,
    "EXECUTE": _execute,
}
