"""Where the words of a statement stand: comments and strings are told from them as Trino's grammar does it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r\n]+|--[^\r\n]*|/\*.*?\*/)
  | (?P<string>'(?:[^']|'')*')
  | (?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<number>[0-9][A-Za-z0-9_]*)
  | (?P<dollars>\$\$)
  | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    """One token: its kind (a group of the pattern), its text and where it begins and ends."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The upper-case word of an unquoted name, or the sign itself; empty for everything else."""
        return self.text.upper() if self.kind in {"name", "sign"} else ""

    @property
    def value(self) -> str:
        """What a string says, or the name that a name means, which has no case."""
        if self.kind == "string":
            return self.text[1:-1].replace("''", "'")
        if self.kind == "quoted":
            return self.text[1:-1].replace(self.text[0] * 2, self.text[0]).lower()
        return self.text.lower()


def tokens(sql: str) -> list[Token]:
    """A text's tokens, without spaces and comments.

    >>> [token.text for token in tokens("SELECT 'a;b' -- c;")]
    ['SELECT', "'a;b'"]
    """
    return list(_tokens(sql))


def _tokens(sql: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(sql):
        kind = str(match.lastgroup)
        if kind != "space":
            yield Token(kind, match.group(), match.start(), match.end())
