"""A result as Athena shows it: text for every value, metadata for every column."""

import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from acude.athena.map_keys import MILLISECONDS, TIMES, Text, field_names, key_text, members
from acude.athena.model import Json

Texts = list[str | None]

_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19, "real": 24, "double": 53}
_LONGEST_BINARY = 1073741824
_TIME = re.compile(r"(\d\d:\d\d:\d\d)(?:\.(\d+))?")


def rows(columns: Sequence[Json], found: Iterable[Sequence[Any]]) -> Iterator[Texts]:
    """Trino's rows as Athena's text; None for null.

    Args:
        columns: Trino's columns.
        found: Rows of JSON values, doubles as the text that Java wrote.
    """
    texts = [_text(column["typeSignature"]) for column in columns]
    for row in found:
        yield [None if value is None else text(value) for text, value in zip(texts, row, strict=True)]


def _text(kind: Json) -> Text:  # noqa: PLR0911 - one line per type
    """How values of a type are written."""
    name = kind["rawType"]
    if name == "boolean":
        return lambda value: "true" if value else "false"
    if name in TIMES:
        return _with_milliseconds
    if name == "varbinary":
        return lambda value: base64.b64decode(value).hex(" ")
    if name == "array":
        item = _nested(*members(kind))
        return lambda value: f"[{', '.join(map(item, value))}]"
    if name == "map":
        key_kind, item_kind = members(kind)
        key, item = key_text(key_kind, _text), _nested(item_kind)
        return lambda value: "{" + ", ".join(f"{key(k)}={item(v)}" for k, v in _entries(value)) + "}"
    if name == "row":
        fields = list(zip(field_names(kind), map(_nested, members(kind)), strict=True))
        return lambda value: (
            "{" + ", ".join(f"{name}={item(v)}" for (name, item), v in zip(fields, value, strict=True)) + "}"
        )
    return str


def _entries(value: Any) -> Iterable[tuple[str, Any]]:  # noqa: ANN401 - a map, or its pairs
    return value if isinstance(value, list) else value.items()


def _nested(kind: Json) -> Text:
    text = _text(kind)
    return lambda value: "null" if value is None else text(value)


def _with_milliseconds(value: str) -> str:
    """A time with three digits at least, as clients expect it.

    >>> _with_milliseconds("2026-11-28 10:00:00 UTC")
    '2026-11-28 10:00:00.000 UTC'
    """
    return _TIME.sub(lambda found: f"{found[1]}.{found[2] or '':0<{MILLISECONDS}}", value, count=1)


def column_info(column: Json) -> Json:
    """A column of Trino's as an entry of ResultSetMetadata."""
    kind = column["typeSignature"]
    name, numbers = kind["rawType"], [each["value"] for each in kind["arguments"] if each["kind"] == "LONG"]
    precision, scale = _DIGITS.get(name, 0), 0
    if name == "decimal":
        precision, scale = numbers
    elif name in {"varchar", "char"}:
        precision = numbers[0]
    elif name in TIMES:
        precision = MILLISECONDS
    elif name == "varbinary":
        precision = _LONGEST_BINARY
    return _info(column["name"], "float" if name == "real" else name, precision, scale)


def text_column(name: str) -> Json:
    """The only column of an answer in lines."""
    return _info(name, "string", 0, 0)


def _info(name: str, kind: str, precision: int, scale: int) -> Json:
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": kind,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind in {"varchar", "char", "string"},
    }
