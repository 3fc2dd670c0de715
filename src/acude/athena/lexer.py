"""Trino's tokens: identifiers, quoted identifiers, strings, numbers, operators."""

import re
from dataclasses import dataclass

from acude.athena.errors import Place, fail, unsupported

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*|/\*.*?\*/)
  | (?P<double>(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)[eE][+-]?\d+)
  | (?P<decimal>\d[\d_]*\.[\d_]*|\.\d[\d_]*)
  | (?P<integer>\d[\d_]*)
  | (?P<binary>[xX]'[^']*')
  | (?P<unicode>[uU]&'(?:[^']|'')*')
  | (?P<string>'(?:[^']|'')*')
  | (?P<quoted>"(?:[^"]|"")*")
  | (?P<back>`(?:[^`]|``)*`)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<op><>|!=|<=|>=|\|\||->|=>|[-+*/%=<>()\[\],.;?:])
    """,
    re.VERBOSE | re.DOTALL,
)
_ADJACENT = {"integer", "decimal", "double"}


@dataclass(frozen=True)
class Token:
    """One token: its kind (a group of the pattern, or ``end``), its text and where it stands."""

    kind: str
    text: str
    place: Place
    start: int
    end: int

    @property
    def word(self) -> str:
        """The upper-case word of an unquoted identifier or an operator, else an empty string."""
        return self.text.upper() if self.kind in {"name", "op"} else ""


def tokens(sql: str, *, backticks: bool = False) -> list[Token]:
    """The tokens of a statement, closed by one of kind ``end``.

    Args:
        sql: The statement.
        backticks: Whether Hive's backquoted names are allowed (DDL only).

    Raises:
        QueryError: SYNTAX_ERROR where the text holds something that is no token.
    """
    found: list[Token] = []
    if "\0" in sql:
        fail("SYNTAX_ERROR", "a statement must not hold the character NUL", Place(1, sql.index("\0") + 1))
    position, line, line_start = 0, 1, 0
    while position < len(sql):
        match = _TOKEN.match(sql, position)
        place = Place(line, position - line_start + 1)
        if match is None:
            fail("SYNTAX_ERROR", f"mismatched input {sql[position]!r}", place)
        kind, text = str(match.lastgroup), match.group()
        _check(kind, text, place, backticks=backticks)
        if kind == "name" and found and found[-1].end == position and found[-1].kind in _ADJACENT:
            fail(
                "SYNTAX_ERROR", f"identifiers must not start with a digit; surround {text!r} with double quotes", place
            )
        if kind != "space":
            found.append(Token(kind, text, place, position, match.end()))
        newlines = text.count("\n")
        if newlines:
            line += newlines
            line_start = position + text.rindex("\n") + 1
        position = match.end()
    found.append(Token("end", "<EOF>", Place(line, position - line_start + 1), position, position))
    return found


def _check(kind: str, text: str, place: Place, *, backticks: bool) -> None:
    if kind == "back" and not backticks:
        fail("SYNTAX_ERROR", "backquoted identifiers are not supported; use double quotes to quote identifiers", place)
    if kind == "unicode":
        unsupported("A U&'…' string", place)
    if kind == "quoted" and text == '""':
        fail("SYNTAX_ERROR", "Zero-length delimited identifier not allowed", place)
    if "_" in text and kind in {"integer", "decimal", "double"} and re.search(r"_(?!\d)|(?<!\d)_", text):
        fail("SYNTAX_ERROR", f"mismatched input {text!r}", place)
