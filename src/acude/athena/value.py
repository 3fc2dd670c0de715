"""A translated expression: DuckDB's SQL with Trino's type, and the conversions that Trino makes by itself."""

from dataclasses import dataclass, replace
from datetime import timedelta

from acude.athena.types import BOOLEAN, INTEGERS, Type, coercible

LONG_DECIMAL = 18
"""Decimals with more digits are not carried in 64 bits."""


@dataclass(frozen=True)
class Prune:
    """A coarser value's origin: ``value`` is ``raw`` rounded, never further than ``below`` down and ``above`` up.

    A comparison with a constant repeats itself on ``raw``, so that files and row groups are skipped.
    """

    raw: str
    below: timedelta
    above: timedelta


@dataclass(frozen=True)
class Value:
    """SQL and type.

    Attributes:
        sql: A DuckDB expression, safe to put between any operators.
        type: Trino's type; ``sql`` yields ``type.duck``.
        constant: Whether no row can change it.
        text: The string of a string literal.
        number: The value of an integer literal.
        prune: Set where a filter on this value can be repeated on a column of the file.
    """

    sql: str
    type: Type
    constant: bool = False
    text: str | None = None
    number: int | None = None
    prune: Prune | None = None

    @property
    def null(self) -> bool:
        """Whether it is the literal NULL."""
        return self.type.kind == "unknown"


def quote(text: str) -> str:
    """A string literal of DuckDB."""
    return "'" + text.replace("'", "''") + "'"


def raises(name: str, message: str) -> str:
    """SQL that fails with a Trino error when a row gets there."""
    return f"error({quote(f'@{name}: {message}')})"


def refuses(what: str) -> str:
    """SQL that refuses the query when a row gets there."""
    return raises("NOT_SUPPORTED", f"{what} is not available on the local Athena endpoint; it may work on AWS")


def boolean(sql: str, *parts: Value) -> Value:
    """A boolean made of these parts."""
    return Value(sql, BOOLEAN, all(part.constant for part in parts))


def coerce(value: Value, to: Type) -> Value:
    """The value widened to a type that Trino widens it to."""
    source = value.type
    if source == to:
        return value
    if not coercible(source, to) and source.kind != "unknown":
        message = f"{source} does not widen to {to}"
        raise ValueError(message)
    if source.kind == to.kind and to.kind in {"varchar", "timestamp", "timestamptz"}:
        return replace(value, type=to)
    if source.kind == "decimal" and to.kind in {"double", "real"} and (source.precision or 0) > LONG_DECIMAL:
        return Value(f"CAST(CAST({value.sql} AS VARCHAR) AS {to.duck})", to, value.constant)
    if source.kind in INTEGERS and value.number is not None and to.kind in INTEGERS:
        return replace(value, sql=f"CAST({value.number} AS {to.duck})", type=to)
    return Value(f"CAST({value.sql} AS {to.duck})", to, value.constant)


def local(value: Value) -> str:
    """SQL of a time's local TIMESTAMP: a zoned time read in its own zone, the others as they are."""
    if value.type.kind != "timestamptz":
        return value.sql
    return in_zone(value.sql, value.type.zone)


def in_zone(sql: str, zone: str) -> str:
    """SQL of an instant's local TIMESTAMP in a zone (a region, or an offset such as ``+03:00``)."""
    if offset_minutes(zone) == 0:  # without ICU, which costs two microseconds a value
        return f"make_timestamp(epoch_us({sql}))"
    if offset_minutes(zone) is not None:
        return f"(make_timestamp(epoch_us({sql})) + to_minutes({offset_minutes(zone)}))"
    return f"timezone({quote(zone)}, {sql})"


def to_instant(sql: str, zone: str) -> str:
    """SQL of the instant at which a local TIMESTAMP happens in a zone."""
    if offset_minutes(zone) == 0:
        return f"make_timestamptz(epoch_us({sql}))"
    if offset_minutes(zone) is not None:
        return f"make_timestamptz(epoch_us({sql} - to_minutes({offset_minutes(zone)})))"
    return f"timezone({quote(zone)}, {sql})"


def offset_minutes(zone: str) -> int | None:
    """The minutes of an offset zone such as ``-03:00``; None for a region."""
    if zone in {"UTC", "Z"}:
        return 0
    if zone[0] not in "+-":
        return None
    hours, _, minutes = zone[1:].partition(":")
    return (-1 if zone[0] == "-" else 1) * (int(hours) * 60 + int(minutes or 0))
