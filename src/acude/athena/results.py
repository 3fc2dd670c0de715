"""A result as Athena shows it: text for every value, metadata for every column, CSV for every file."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from acude.athena.java_text import java_double
from acude.athena.scope import Output
from acude.athena.types import Type
from acude.athena.value import offset_minutes

_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19, "real": 24, "double": 53}
UNBOUNDED = 2147483647


def text(value: Any, kind: Type) -> str | None:  # noqa: ANN401, C901, PLR0911
    """One value as Athena's text; None for null.

    Args:
        value: What DuckDB gave: a zoned time is an aware datetime.
        kind: Trino's type.
    """
    if value is None:
        return None
    if kind.kind in {"array", "map", "row"}:
        return _nested(value, kind)
    if kind.kind == "boolean":
        return "true" if value else "false"
    if kind.kind == "double":
        return java_double(value)
    if kind.kind == "real":
        return java_double(value, str(np.float32(value)))
    if kind.kind == "decimal":
        return format(Decimal(value), "f")
    if kind.kind in {"timestamp", "timestamptz"}:
        return _moment(value, kind)
    if kind.kind == "date":
        return str(value.isoformat()) if isinstance(value, date) else str(value)
    if kind.kind == "varbinary":
        return str(value.hex(" "))
    if kind.kind == "interval_day":
        return _duration(value)
    if kind.kind == "interval_month":
        return f"{'-' if value < 0 else ''}{abs(value) // 12}-{abs(value) % 12}"
    return str(value)


def _moment(value: datetime, kind: Type) -> str:
    digits = max(kind.precision or 0, 3)
    shown = in_zone(value, kind.zone) if kind.kind == "timestamptz" else value
    written = shown.strftime("%Y-%m-%d %H:%M:%S.%f").rjust(26, "0")[: 20 + digits]
    return f"{written} {kind.zone}" if kind.kind == "timestamptz" else written


def in_zone(value: datetime, zone: str) -> datetime:
    """An instant in the zone that its column shows."""
    minutes = offset_minutes(zone)
    return value.astimezone(ZoneInfo(zone) if minutes is None else timezone(timedelta(minutes=minutes)))


def _duration(millis: int) -> str:
    days, rest = divmod(abs(millis), 86_400_000)
    hours, rest = divmod(rest, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{'-' if millis < 0 else ''}{days} {hours:02d}:{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


def _nested(value: Any, kind: Type) -> str:  # noqa: ANN401 - whatever the engine gave
    def inner(item: Any, own: Type) -> str:  # noqa: ANN401
        shown = text(item, own)
        return "null" if shown is None else shown

    if kind.kind == "array":
        return "[" + ", ".join(inner(item, kind.item) for item in value) + "]"
    if kind.kind == "map":
        keys, values = kind.items
        return "{" + ", ".join(f"{inner(k, keys)}={inner(v, values)}" for k, v in value.items()) + "}"
    names = kind.names or tuple(f"field{i}" for i in range(len(kind.items)))
    fields = zip(names, value.values(), kind.items, strict=True)
    return "{" + ", ".join(f"{name}={inner(item, own)}" for name, item, own in fields) + "}"


def api_type(kind: Type) -> str:
    """The type's name in Athena's API: without parameters."""
    if kind.kind == "real":
        return "float"
    if kind.kind == "unknown":
        return "unknown"
    if kind.kind in {"timestamp", "timestamptz"}:
        return "timestamp" if kind.kind == "timestamp" else "timestamp with time zone"
    return str(kind).split("(", 1)[0]


def column_info(name: str, output: Output) -> dict[str, Any]:
    """One entry of ResultSetMetadata."""
    kind = output.type
    precision, scale = _DIGITS.get(kind.kind, 0), 0
    if kind.kind == "decimal":
        precision, scale = kind.precision or 0, kind.scale
    elif kind.kind == "varchar":
        precision = UNBOUNDED if kind.precision is None else kind.precision
    elif kind.kind in {"timestamp", "timestamptz"}:
        precision = 3
    elif kind.kind == "varbinary":
        precision = 1073741824
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": api_type(kind),
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind.kind == "varchar",
    }


def csv_line(values: Iterable[str | None]) -> str:
    """A line of Athena's CSV: every value in quotes, null without any."""
    return ",".join("" if value is None else '"' + value.replace('"', '""') + '"' for value in values) + "\n"


def texts(row: Sequence[Any], outputs: Sequence[Output]) -> list[str | None]:
    """A row as text."""
    return [text(value, output.type) for value, output in zip(row, outputs, strict=True)]
