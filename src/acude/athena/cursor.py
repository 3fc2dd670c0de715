"""Walks over tokens and complains as Trino does."""

from typing import NoReturn

from acude.athena.errors import Place, fail
from acude.athena.lexer import Token
from acude.athena.nodes import Name

RESERVED = frozenset(
    [
        "ALTER",
        "AND",
        "AS",
        "BETWEEN",
        "BY",
        "CASE",
        "CAST",
        "CONSTRAINT",
        "CREATE",
        "CROSS",
        "CUBE",
        "CURRENT_CATALOG",
        "CURRENT_DATE",
        "CURRENT_PATH",
        "CURRENT_ROLE",
        "CURRENT_SCHEMA",
        "CURRENT_TIME",
        "CURRENT_TIMESTAMP",
        "CURRENT_USER",
        "DEALLOCATE",
        "DELETE",
        "DESCRIBE",
        "DISTINCT",
        "DROP",
        "ELSE",
        "END",
        "ESCAPE",
        "EXCEPT",
        "EXECUTE",
        "EXISTS",
        "EXTRACT",
        "FALSE",
        "FOR",
        "FROM",
        "FULL",
        "GROUP",
        "GROUPING",
        "HAVING",
        "IN",
        "INNER",
        "INSERT",
        "INTERSECT",
        "INTO",
        "IS",
        "JOIN",
        "JSON_ARRAY",
        "JSON_EXISTS",
        "JSON_OBJECT",
        "JSON_QUERY",
        "JSON_TABLE",
        "JSON_VALUE",
        "LEFT",
        "LIKE",
        "LISTAGG",
        "LOCALTIME",
        "LOCALTIMESTAMP",
        "NATURAL",
        "NORMALIZE",
        "NOT",
        "NULL",
        "ON",
        "OR",
        "ORDER",
        "OUTER",
        "PREPARE",
        "RECURSIVE",
        "RIGHT",
        "ROLLUP",
        "SELECT",
        "SKIP",
        "TABLE",
        "THEN",
        "TRIM",
        "TRUE",
        "UESCAPE",
        "UNION",
        "UNNEST",
        "USING",
        "VALUES",
        "WHEN",
        "WHERE",
        "WITH",
    ]
)
"""Words that cannot be a name without quotes."""


class Cursor:
    """A position in a list of tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0

    @property
    def token(self) -> Token:
        """The token in front."""
        return self.tokens[self.at]

    @property
    def place(self) -> Place:
        """Where the token in front stands."""
        return self.token.place

    def ahead(self, count: int = 1) -> Token:
        """The token that many places further, or the last."""
        return self.tokens[min(self.at + count, len(self.tokens) - 1)]

    def next(self) -> Token:
        """Takes the token in front."""
        token = self.token
        if token.kind != "end":
            self.at += 1
        return token

    def sees(self, *words: str) -> bool:
        """Whether the coming words or operators are these."""
        return all(self.ahead(i).word == word for i, word in enumerate(words))

    def accept(self, *words: str) -> bool:
        """Takes these words if they come."""
        if not self.sees(*words):
            return False
        self.at += len(words)
        return True

    def accept_any(self, *words: str) -> str:
        """Takes whichever of these words comes; an empty string if none."""
        return self.next().word if self.token.word in words else ""

    def expect(self, *words: str) -> None:
        """Takes these words, or it is a syntax error."""
        for word in words:
            if not self.accept(word):
                self.mismatch(f"'{word}'")

    def mismatch(self, expected: str) -> NoReturn:
        """The syntax error for the token in front."""
        fail("SYNTAX_ERROR", f"mismatched input '{self.token.text}'. Expecting: {expected}", self.place)

    def sees_name(self, count: int = 0) -> bool:
        """Whether a name stands there."""
        token = self.ahead(count)
        return token.kind in {"quoted", "back"} or (token.kind == "name" and token.word not in RESERVED)

    def name(self) -> Name:
        """Takes a name."""
        if not self.sees_name():
            self.mismatch("<identifier>")
        token = self.next()
        text = token.text
        if token.kind == "quoted":
            text = text[1:-1].replace('""', '"')
        elif token.kind == "back":
            text = text[1:-1].replace("``", "`")
        return Name(text.lower(), text)

    def dotted(self) -> tuple[Name, ...]:
        """Takes a name with dots."""
        parts = [self.name()]
        while self.accept("."):
            parts.append(self.name())
        return tuple(parts)

    def names_in_brackets(self) -> tuple[Name, ...]:
        """Takes ``(a, b)``, or nothing."""
        if not self.accept("("):
            return ()
        names = [self.name()]
        while self.accept(","):
            names.append(self.name())
        self.expect(")")
        return tuple(names)

    def string(self) -> str:
        """Takes a string literal, unquoted."""
        if self.token.kind != "string":
            self.mismatch("<string>")
        return self.next().text[1:-1].replace("''", "'")
