"""Reads one Redshift statement word by word: the tokens, and a reader that takes what is named or refuses.

The forms that are allowed stand in `acude.warehouse.allowlist`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from acude.contracts.redshift import RESERVED

T = TypeVar("T")

NAME_BYTES = 127
_LITERAL_KINDS = {"word", "sign", "number"}

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*)
      | (?P<string>'(?:[^'\\]|'')*')
      | (?P<quoted>"(?:[^"]|"")+")
      | (?P<value>%s)
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign>[(),.;<>=*])""",
    re.VERBOSE,
)


class RefusedError(ValueError):
    """A statement that isn't of an allowed form; says what stood where something else was expected."""


@dataclass(frozen=True)
class Token:
    """A word, sign or literal of a statement."""

    kind: str
    text: str


def _tokens(script: str) -> Iterator[Token]:
    position = 0
    while position < len(script):
        found = _TOKEN.match(script, position)
        if not found or not found.lastgroup:
            raise RefusedError(
                f"{script[position : position + 20]!r} begins with a sign that no allowed statement holds"
            )
        position = found.end()
        if found.lastgroup != "space":
            yield Token(found.lastgroup, found.group())


def split(script: str) -> list[str]:
    """The statements of a script, without comments, semicolons and needless space."""
    parts: list[list[str]] = [[]]
    for token in _tokens(script):
        if token.text == ";":
            parts.append([])
        else:
            parts[-1].append(token.text)
    return [" ".join(part) for part in parts if part]


class Reader:
    """Reads one statement from left to right; each method takes what it names or refuses the statement."""

    def __init__(self, statement: str) -> None:
        self._tokens = list(_tokens(statement))
        if self._tokens and self._tokens[-1].text == ";":
            self._tokens.pop()
        self._at = 0

    def _next(self) -> Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else Token("end", "the end")

    def refuse(self, expected: str) -> RefusedError:
        """The error at this place."""
        before = " ".join(token.text for token in self._tokens[: self._at])
        return RefusedError(f"expected {expected} after {before!r}, found {self._next().text!r}")

    def _take(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1].text

    def sees(self, *words: str) -> bool:
        """Whether these words or signs come next; takes nothing."""
        ahead = self._tokens[self._at : self._at + len(words)]
        return [t.text.upper() for t in ahead if t.kind in _LITERAL_KINDS] == [word.upper() for word in words]

    def words(self, text: str) -> None:
        """Exactly these words and signs."""
        for word in text.split():
            if not self.sees(word):
                raise self.refuse(word)
            self._take()

    def maybe(self, text: str) -> bool:
        """These words, where the first of them comes next."""
        if not self.sees(text.split(maxsplit=1)[0]):
            return False
        self.words(text)
        return True

    def one_of(self, words: Sequence[str], meaning: str) -> str:
        """One of these words or signs, in capitals."""
        for word in words:
            if self.sees(word):
                self._take()
                return word
        raise self.refuse(meaning)

    def name(self) -> str:
        """A table's or column's name, quoted where it is a reserved word."""
        token = self._next()
        plain = token.kind == "word" and token.text.lower() not in RESERVED
        if not plain and token.kind != "quoted":
            raise self.refuse("a name (a reserved word in double quotes)")
        if len(token.text.strip('"').encode()) > NAME_BYTES:
            raise self.refuse(f"a name of at most {NAME_BYTES} bytes")
        return self._take().strip('"').lower()

    def whole(self, least: int, most: int) -> int:
        """A whole number within the limits."""
        token = self._next()
        if token.kind != "number" or not token.text.isdigit() or not least <= int(token.text) <= most:
            raise self.refuse(f"a whole number from {least} to {most}")
        return int(self._take())

    def value(self) -> None:
        """A literal, or the place where the driver puts one."""
        if self._next().kind not in {"value", "string", "number"}:
            raise self.refuse("a literal or %s")
        self._take()

    def string(self, pattern: re.Pattern[str], meaning: str) -> None:
        """A string literal whose content fits the pattern."""
        token = self._next()
        if token.kind != "string" or not pattern.fullmatch(token.text[1:-1]):
            raise self.refuse(meaning)
        self._take()

    def listing(self, item: Callable[[], T]) -> list[T]:
        """One or more items between parentheses, separated by commas."""
        self.words("(")
        items = self.items(item)
        self.words(")")
        return items

    def items(self, item: Callable[[], T]) -> list[T]:
        """One or more items, separated by commas."""
        found = [item()]
        while self.maybe(","):
            found.append(item())
        return found

    def end(self) -> None:
        """Nothing more."""
        if self._at < len(self._tokens):
            raise self.refuse("the end of the statement")
