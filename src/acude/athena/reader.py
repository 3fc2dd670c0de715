"""Reads a statement's words one after another."""

from acude.athena.errors import QueryError
from acude.athena.lexer import Token, tokens
from acude.athena.trino import CATALOG

Name = tuple[str, ...]
_END = "<EOF>"
_MOST_PARTS = 3


class Reader:
    """A place in the tokens of a statement.

    Args:
        sql: The statement.
    """

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.tokens = tokens(sql)
        self._at = 0

    @property
    def token(self) -> Token:
        """The token that comes next; one of kind ``end`` after the last."""
        return self.peek(0)

    def peek(self, further: int = 1) -> Token:
        """A later token."""
        index = self._at + further
        return self.tokens[index] if index < len(self.tokens) else Token("end", "", len(self.sql), len(self.sql))

    def next(self) -> Token:
        """Takes a token."""
        found = self.token
        self._at += 1
        return found

    def accept(self, *words: str) -> str:
        """Takes one of those words where it comes next; empty where none does."""
        return self.next().word if self.token.word in words else ""

    def expect(self, *words: str) -> str:
        """Takes one of those words.

        Raises:
            QueryError: SYNTAX_ERROR.
        """
        if found := self.accept(*words):
            return found
        raise self.mismatch(", ".join(f"'{word}'" for word in words))

    def end(self) -> None:
        """Nothing comes any more."""
        if self.token.kind != "end":
            raise self.mismatch(_END)

    def mismatch(self, expected: str) -> QueryError:
        """The error in the words of Trino's parser."""
        before = self.sql[: self.token.start]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        found = self.token.text or _END
        return QueryError("SYNTAX_ERROR", f"line {line}:{column}: mismatched input '{found}'. Expecting: {expected}")

    def string(self) -> str:
        """Takes a string."""
        if self.token.kind != "string":
            raise self.mismatch("<string>")
        return self.next().value

    def name(self) -> str:
        """Takes one name."""
        if self.token.kind not in {"name", "quoted"}:
            raise self.mismatch("<identifier>")
        return self.next().value

    def dotted(self) -> Name:
        """Takes a name with dots."""
        parts = [self.name()]
        while self.accept("."):
            parts.append(self.name())
        return tuple(parts)

    def own_table(self) -> Name:
        """Takes the name of a table or view that is made or dropped: those of Glue only.

        Raises:
            QueryError: CATALOG_NOT_FOUND and others.
        """
        parts = self.dotted()
        if len(parts) > _MOST_PARTS:
            raise QueryError("SYNTAX_ERROR", f"Too many dots in table name: {'.'.join(parts)}")
        if len(parts) == _MOST_PARTS and parts[0] != CATALOG:
            raise QueryError("CATALOG_NOT_FOUND", f"Catalog '{parts[0]}' not found")
        return parts[-2:]

    def skip_brackets(self) -> int:
        """Leaves out what stands in brackets; gives where the closing one begins."""
        if self.token.word != "(":
            raise self.mismatch("'('")
        depth = 0
        while self.token.kind != "end":
            token = self.next()
            depth += (token.word == "(") - (token.word == ")")
            if not depth:
                return token.start
        raise self.mismatch("')'")

    def properties(self) -> dict[str, str]:
        """Takes ``WITH (name = value, …)`` where it comes next; values stay as SQL writes them."""
        found: dict[str, str] = {}
        while self.accept("," if found else "WITH"):
            if not found:
                self.expect("(")
            name = self.name()
            self.expect("=")
            found[name] = self._property()
        if found:
            self.expect(")")
        return found

    def _property(self) -> str:
        start = self.next()
        end = start
        if start.word == "ARRAY" and self.token.word == "[":
            while end.word != "]" and self.token.kind != "end":
                end = self.next()
        return self.sql[start.start : end.end]
