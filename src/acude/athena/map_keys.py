"""The keys of a map: JSON has text for them, and Trino writes there what Java makes of a key.

That is Athena's text for a number, a text, arrays and maps of such. A row has lost the names of its fields, a time its
zeros, and bytes are base64: such keys are taken apart by their type. Java puts no quotes around text, so that a comma
may belong to a text or lie between two; a key that can be read in two ways is refused.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from acude.athena.errors import QueryError, refuse
from acude.athena.model import Json

Text = Callable[[Any], str]
Read = Callable[[str, int], tuple[str, int]]
"""Reads the value that begins at a place; gives its text for Athena, and where it ends."""

TIMES: Final = {"timestamp", "timestamp with time zone"}
MILLISECONDS: Final = 3

_NESTED: Final = {"array", "map", "row"}
_CLOSED: Final = {
    "unknown", "boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "decimal", "date", "time",
    "time with time zone", "interval day to second", "interval year to month", "uuid", "ipaddress", *TIMES,
}  # fmt: skip
"""Types whose text has none of the signs that lie between values."""
_TOKEN: Final = re.compile(r"[^,\[\]{}=]*")
_BASE64: Final = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_NULL: Final = "null"


def key_text(kind: Json, text: Callable[[Json], Text]) -> Text:
    """How keys of a type are written; it raises QueryError where a key can be read in two ways.

    Args:
        kind: Trino's type signature.
        text: how values of a type are written that is no array, map or row.
    """
    name = kind["rawType"]
    if name == "boolean" or (name in _NESTED and _same(kind)):
        return str
    if name not in _NESTED:
        return text(kind)
    if name == "row" and not any(each["rawType"] in _NESTED for each in members(kind)):
        return _row_of_scalars(kind, text)
    return _whole(_read(kind, text))


def members(kind: Json) -> list[Json]:
    """The types that an array, a map or a row is made of."""
    found = [argument["value"] for argument in kind["arguments"]]
    return [one["typeSignature"] for one in found] if kind["rawType"] == "row" else found


def field_names(kind: Json) -> list[str]:
    """The names of a row's fields; Athena gives a name to one that has none."""
    found = [argument["value"].get("fieldName") or {} for argument in kind["arguments"]]
    return [name.get("name", f"field{place}") for place, name in enumerate(found)]


def _same(kind: Json) -> bool:
    """Whether Java's text is Athena's."""
    name = kind["rawType"]
    if name in {"array", "map"}:
        return all(map(_same, members(kind)))
    if name in TIMES:
        return all(argument["value"] >= MILLISECONDS for argument in kind["arguments"])
    return name not in {"row", "varbinary"}


def _row_of_scalars(kind: Json, text: Callable[[Json], Text]) -> Text:
    """Such a row can be read in one way as long as it has no more commas than its fields have between them."""
    fields = [(name, _scalar(each, text)) for name, each in zip(field_names(kind), members(kind), strict=True)]

    def shown(source: str) -> str:
        found = source[1:-1].split(", ") if len(fields) > 1 else [source[1:-1]]
        if len(found) != len(fields):
            raise _unclear()
        return "{" + ", ".join(f"{name}={show(one)}" for (name, show), one in zip(fields, found, strict=True)) + "}"

    return shown


def _scalar(kind: Json, text: Callable[[Json], Text]) -> Text:
    """How a value within a key is written."""
    name = kind["rawType"]
    show = str if name == "boolean" else text(kind)

    def shown(source: str) -> str:
        if source != _NULL:
            return show(source)
        if name == "varbinary":
            # The base64 of three bytes, or nothing.
            raise _unclear()
        return _NULL

    return shown


def _whole(read: Read) -> Text:
    def shown(source: str) -> str:
        found, end = read(source, 0)
        if end != len(source):
            raise _unclear()
        return found

    return shown


def _read(kind: Json, text: Callable[[Json], Text]) -> Read:
    name = kind["rawType"]
    if name not in _NESTED:
        return _read_scalar(kind, text)
    parts = [_read(each, text) for each in members(kind)]
    if name == "row":
        return _read_row(list(zip(field_names(kind), parts, strict=True)))
    return _read_many(_entry(*parts), "{}") if name == "map" else _read_many(parts[0], "[]")


def _read_scalar(kind: Json, text: Callable[[Json], Text]) -> Read:
    name, show = kind["rawType"], _scalar(kind, text)
    pattern = _BASE64 if name == "varbinary" else _TOKEN if name in _CLOSED else None

    def read(source: str, at: int) -> tuple[str, int]:
        found = pattern.match(source, at) if pattern else None
        if not found:
            raise _unclear()
        return show(found[0]), found.end()

    return read


def _read_row(fields: list[tuple[str, Read]]) -> Read:
    def read(source: str, at: int) -> tuple[str, int]:
        if source.startswith(_NULL, at):
            return _NULL, at + len(_NULL)
        shown: list[str] = []
        for place, (name, field) in enumerate(fields):
            at = _past(", " if place else "[", source, at)
            found, at = field(source, at)
            shown.append(f"{name}={found}")
        return "{" + ", ".join(shown) + "}", _past("]", source, at)

    return read


def _read_many(item: Read, brackets: str) -> Read:
    opening, closing = brackets[0], brackets[1]

    def read(source: str, at: int) -> tuple[str, int]:
        if source.startswith(_NULL, at):
            return _NULL, at + len(_NULL)
        at = _past(opening, source, at)
        shown: list[str] = []
        while shown or not source.startswith(closing, at):
            found, at = item(source, at)
            shown.append(found)
            if source.startswith(closing, at):
                break
            at = _past(", ", source, at)
        return opening + ", ".join(shown) + closing, at + len(closing)

    return read


def _entry(key: Read, value: Read) -> Read:
    def read(source: str, at: int) -> tuple[str, int]:
        name, at = key(source, at)
        found, at = value(source, _past("=", source, at))
        return f"{name}={found}", at

    return read


def _past(sign: str, source: str, at: int) -> int:
    if not source.startswith(sign, at):
        raise _unclear()
    return at + len(sign)


def _unclear() -> QueryError:
    return refuse(
        "A map's key can't be shown: it holds a row, a time or bytes beside text that may hold a comma itself. "
        "Ask for map_entries(map), which shows every key"
    )
