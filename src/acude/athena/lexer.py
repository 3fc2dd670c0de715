"""A statement's text without what could mislead: comments and quotes are told from words as Trino's grammar does it."""

import re

_HIDDEN = re.compile(
    r"""
    (?P<blank>[ \t\r\n]+|--[^\r\n]*|/\*.*?\*/)
  | (?P<open>/\*.*)  # to the end at once: to look for its end behind each of many would take minutes
  | '(?:[^']|'')*'
  | "(?:[^"]|"")*"
  | `(?:[^`]|``)*`
    """,
    re.VERBOSE | re.DOTALL,
)


def masked(sql: str) -> str:
    """The text, as long as before, with blanks for comments and ``_`` for what stands in quotes.

    >>> masked("SELECT 'a;b' -- c;")
    "SELECT '___'      "
    """
    return _HIDDEN.sub(_mask, sql)


def _mask(found: re.Match[str]) -> str:
    text = found.group()
    if found["open"]:
        return text
    return " " * len(text) if found["blank"] else text[0] + "_" * (len(text) - 2) + text[-1]


def unquoted(text: str) -> str:
    """What a string says, or a name in quotes.

    >>> unquoted("'it''s'")
    "it's"
    """
    return text[1:-1].replace(text[0] * 2, text[0])
