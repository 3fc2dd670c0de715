"""Literals: their types come from how they are written."""

import re
from datetime import date, datetime

from acude.athena import types
from acude.athena.errors import Place, fail, unsupported
from acude.athena.json_text import json_parse
from acude.athena.nodes import IntervalLiteral, Literal
from acude.athena.types import BIGINT, BOOLEAN, DATE, DOUBLE, INTEGER, INTERVAL_DAY, INTERVAL_MONTH, JSON, VARBINARY
from acude.athena.value import Value, offset_minutes, quote, to_instant
from acude.athena.zones import known_zone

_TIMESTAMP = re.compile(
    r"(\d{4}-\d{1,2}-\d{1,2})(?: (\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?)?\s*([A-Za-z+-].*)?"
)
_INT_BITS, _BIGINT_BITS = 31, 63
_MILLIS = {"DAY": 86_400_000, "HOUR": 3_600_000, "MINUTE": 60_000, "SECOND": 1000}
_MONTHS = {"YEAR": 12, "MONTH": 1}


def literal(node: Literal) -> Value:  # noqa: C901, PLR0911
    """The value of a literal.

    Raises:
        QueryError: INVALID_LITERAL, NUMERIC_VALUE_OUT_OF_RANGE, or NOT_SUPPORTED for types that are not carried.
    """
    kind, text, place = node.kind, node.text, node.place
    if kind == "null":
        return Value("NULL", types.UNKNOWN, constant=True)
    if kind == "string":
        return Value(quote(text), types.varchar(len(text)), constant=True, text=text)
    if kind == "boolean":
        return Value(text.upper(), BOOLEAN, constant=True)
    if kind == "binary":
        if len(text) % 2 or re.search(r"[^0-9a-fA-F]", text):
            fail("SYNTAX_ERROR", "Binary literal must contain an even number of hexadecimal digits", place)
        return Value(f"from_hex({quote(text)})", VARBINARY, constant=True)
    if kind == "integer":
        return _integer(int(text), place)
    if kind in {"decimal", "double", "real", "bigint"}:
        return _number(kind, text, place)
    if kind == "date":
        return _date(text, place)
    if kind == "timestamp":
        return _timestamp(text, place)
    if kind == "json":
        return _json(text, place)
    if kind == "varchar":
        return Value(quote(text), types.VARCHAR, constant=True, text=text)
    return unsupported(f"A literal of the type {kind}", place)


def _integer(number: int, place: Place) -> Value:
    if -(2**_INT_BITS) <= number < 2**_INT_BITS:
        return Value(f"CAST({number} AS INTEGER)", INTEGER, constant=True, number=number)
    if not -(2**_BIGINT_BITS) <= number < 2**_BIGINT_BITS:
        fail("NUMERIC_VALUE_OUT_OF_RANGE", f"Invalid numeric literal: {number}", place)
    return Value(f"CAST({number} AS BIGINT)", BIGINT, constant=True, number=number)


def _number(kind: str, text: str, place: Place) -> Value:
    pattern = r"[+-]?(\d+(\.\d*)?|\.\d+)" + (r"([eE][+-]?\d+)?" if kind in {"double", "real"} else "")
    if not re.fullmatch(pattern, text) or (kind == "bigint" and "." in text):
        fail("INVALID_LITERAL", f"'{text}' is not a valid {kind.upper()} literal", place)
    if kind == "double":
        return Value(f"CAST({quote(text)} AS DOUBLE)", DOUBLE, constant=True)
    if kind == "real":
        return Value(f"CAST({quote(text)} AS FLOAT)", types.REAL, constant=True)
    if kind == "bigint":
        return Value(f"CAST({int(text)} AS BIGINT)", BIGINT, constant=True, number=int(text))
    whole, _, fraction = text.lstrip("+-").partition(".")
    precision = len(whole.lstrip("0")) + len(fraction) or 1
    if precision > types.MAX_PRECISION:
        fail("INVALID_LITERAL", f"'{text}' is not a valid DECIMAL literal", place)
    found = types.decimal(precision, len(fraction))
    return Value(f"CAST({quote(text)} AS {found.duck})", found, constant=True)


def _date(text: str, place: Place) -> Value:
    try:
        parsed = date(*map(int, re.fullmatch(r"\s*(\d{4})-(\d{1,2})-(\d{1,2})\s*", text).groups()))  # type: ignore[union-attr]
    except (ValueError, AttributeError):
        fail("INVALID_LITERAL", f"'{text}' is not a valid DATE literal", place)
    return Value(f"CAST('{parsed.isoformat()}' AS DATE)", DATE, constant=True, text=None)


def _timestamp(text: str, place: Place) -> Value:
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        fail("INVALID_LITERAL", f"'{text}' is not a valid TIMESTAMP literal", place)
    day, hour, minute, second, fraction, zone = match.groups()
    digits = fraction or ""
    if len(digits) > types.MICROSECONDS:
        unsupported("A timestamp with more than six digits of a second", place)
    try:
        moment = datetime(*map(int, day.split("-")), int(hour or 0), int(minute or 0), int(second or 0))  # type: ignore[call-arg,arg-type]  # noqa: DTZ001
    except ValueError:
        fail("INVALID_LITERAL", f"'{text}' is not a valid TIMESTAMP literal", place)
    sql = f"CAST('{moment.isoformat(' ')}{'.' + digits if digits else ''}' AS TIMESTAMP)"
    if zone is None:
        return Value(sql, types.timestamp(len(digits)), constant=True)
    name = known_zone(zone.strip(), place)
    if offset_minutes(name) is None:
        unsupported("A timestamp literal in a region's time", place)
    return Value(to_instant(sql, name), types.timestamptz(len(digits), name), constant=True)


def _json(text: str, place: Place) -> Value:
    try:
        return Value(quote(json_parse(text)), JSON, constant=True)
    except ValueError:
        fail("INVALID_LITERAL", f"'{text}' is not a valid JSON literal", place)


def interval(node: IntervalLiteral) -> Value:
    """An interval as months or milliseconds."""
    if node.to is not None:
        unsupported("INTERVAL … TO …", node.place)
    if not re.fullmatch(r"\s*-?\d+\s*", node.text):
        if node.unit == "SECOND" and re.fullmatch(r"\d+\.\d{1,3}", node.text):
            whole, fraction = node.text.split(".")
            millis = node.sign * (int(whole) * 1000 + int(fraction.ljust(3, "0")))
            return Value(f"CAST({millis} AS BIGINT)", INTERVAL_DAY, constant=True)
        fail("INVALID_LITERAL", f"'{node.text}' is not a valid INTERVAL literal", node.place)
    amount = node.sign * int(node.text)
    if node.unit in _MONTHS:
        return Value(f"CAST({amount * _MONTHS[node.unit]} AS INTEGER)", INTERVAL_MONTH, constant=True)
    return Value(f"CAST({amount * _MILLIS[node.unit]} AS BIGINT)", INTERVAL_DAY, constant=True)
