"""date_add, date_diff, date_trunc and the time zone functions: their unit or zone must be a literal."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from acude.athena import nodes as n
from acude.athena import operators, types
from acude.athena.casts import cast
from acude.athena.errors import Place, fail, unsupported
from acude.athena.literals import literal
from acude.athena.types import BIGINT, DATE, INTERVAL_DAY, timestamptz
from acude.athena.value import Value, coerce, in_zone, local, offset_minutes, refuses, to_instant
from acude.athena.zones import known_zone

if TYPE_CHECKING:
    from acude.athena.expressions import Expressions

Special = Callable[["Expressions", n.Call], Value]
_MICROS = {"millisecond": 1000, "second": 1_000_000, "minute": 60_000_000, "hour": 3_600_000_000}
_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def _arguments(exprs: "Expressions", node: n.Call, count: int) -> list[Value]:
    if len(node.args) != count:
        fail("FUNCTION_NOT_FOUND", f"Unexpected parameters for function {node.name}", node.place)
    return [exprs.translate(arg) for arg in node.args]


def _unit(value: Value, place: Place) -> str:
    if value.text is None:
        if value.type.kind != "varchar":
            fail("FUNCTION_NOT_FOUND", f"The unit must be a varchar, found {value.type}", place)
        unsupported("A date unit that is no literal", place)
    return value.text.lower()


def _bad_unit(unit: str, kind: str, place: Place) -> None:
    fail("INVALID_FUNCTION_ARGUMENT", f"'{unit}' is not a valid {kind.upper()} field", place)


def _time(value: Value, node: n.Call) -> Value:
    if value.type.kind not in types.TIMES:
        fail("FUNCTION_NOT_FOUND", f"Unexpected parameters ({value.type}) for function {node.name}", node.place)
    return value


def _date_add(exprs: "Expressions", node: n.Call) -> Value:
    unit_value, amount, value = _arguments(exprs, node, 3)
    unit = _unit(unit_value, node.place)
    if amount.type.kind not in {*types.INTEGERS, "unknown"}:
        fail("FUNCTION_NOT_FOUND", f"Unexpected parameters ({amount.type}) for function date_add", node.place)
    if value.null:
        unsupported("date_add on a literal null", node.place)
    _time(value, node)
    number = coerce(amount, BIGINT).sql
    kind, constant = value.type.kind, amount.constant and value.constant
    if unit in _DAYS or unit in _MONTHS:
        step = f"to_days(CAST({number} * {_DAYS[unit]} AS INTEGER))" if unit in _DAYS else ""
        step = step or f"to_months(CAST({number} * {_MONTHS[unit]} AS INTEGER))"
        if kind == "timestamptz":
            return Value(operators.moved_in_zone(value, f"+ {step}", node.place), value.type, constant)
        return Value(f"CAST(({value.sql} + {step}) AS {value.type.duck})", value.type, constant)
    if unit not in _MICROS or kind == "date":
        _bad_unit(unit, kind, node.place)
    if unit == "millisecond" and (value.type.precision or 0) < 3:  # noqa: PLR2004
        unsupported("date_add of milliseconds to a time without them", node.place)
    return Value(f"({value.sql} + to_microseconds({number} * {_MICROS[unit]}))", value.type, constant)


def _date_diff(exprs: "Expressions", node: n.Call) -> Value:
    unit_value, first, second = _arguments(exprs, node, 3)
    unit = _unit(unit_value, node.place)
    plain = [v.type.with_zone("UTC") for v in (first, second)]
    common = types.common(*plain)
    if common is None or common.kind not in types.TIMES:
        names = f"{unit_value.type}, {first.type}, {second.type}"
        fail("FUNCTION_NOT_FOUND", f"Unexpected parameters ({names}) for function date_diff", node.place)
    constant = first.constant and second.constant
    zone = first.type.zone if first.type.kind == "timestamptz" else "UTC"
    a, b = (coerce(v, common) for v in (first, second))
    if common.kind == "timestamptz":
        if second.type.kind == "timestamptz" and second.type.zone != zone and unit not in _MICROS:
            unsupported("date_diff between two time zones", node.place)
        x, y = in_zone(a.sql, zone), in_zone(b.sql, zone)
    else:
        x, y = (f"CAST({v.sql} AS TIMESTAMP)" if common.kind == "date" else v.sql for v in (a, b))
    if unit in _MONTHS:
        return Value(f"CAST((trino_months({x}, {y}) // {_MONTHS[unit]}) AS BIGINT)", BIGINT, constant)
    if unit in _DAYS:
        length = _DAYS[unit] * 86_400_000
        return Value(f"((epoch_us({y}) // 1000 - epoch_us({x}) // 1000) // {length})", BIGINT, constant)
    if unit not in _MICROS or common.kind == "date":
        _bad_unit(unit, common.kind, node.place)
    millis = f"(epoch_us({b.sql}) // 1000 - epoch_us({a.sql}) // 1000)"
    return Value(f"({millis} // {_MICROS[unit] // 1000})", BIGINT, constant)


def _date_trunc(exprs: "Expressions", node: n.Call) -> Value:
    unit_value, value = _arguments(exprs, node, 2)
    unit = _unit(unit_value, node.place)
    _time(value, node)
    kind = value.type.kind
    if unit not in {*_DAYS, *_MONTHS, *_MICROS} or (kind == "date" and unit in _MICROS):
        _bad_unit(unit, kind, node.place)
    if kind == "date":
        return Value(f"CAST(date_trunc('{unit}', {value.sql}) AS DATE)", DATE, value.constant)
    if kind == "timestamp":
        return Value(f"date_trunc('{unit}', {value.sql})", value.type, value.constant)
    here = local(value)
    if unit in _MICROS:
        rest = f"(epoch_us({here}) - epoch_us(date_trunc('{unit}', {here})))"
        return Value(f"({value.sql} - to_microseconds({rest}))", value.type, value.constant)
    cut = f"date_trunc('{unit}', {here})"
    back = to_instant(cut, value.type.zone)
    if offset_minutes(value.type.zone) is not None:
        return Value(back, value.type, value.constant)
    gap = refuses("date_trunc to a moment that summer time skips")
    sql = f"(CASE WHEN {in_zone(back, value.type.zone)} <> {cut} THEN {gap} ELSE {back} END)"
    return Value(sql, value.type, value.constant)


def _zone(value: Value, place: Place) -> str:
    if value.text is None:
        unsupported("A time zone that is no literal", place)
    return known_zone(value.text, place)


def _from_unixtime(exprs: "Expressions", node: n.Call) -> Value:
    if len(node.args) == 1:
        from acude.athena.calls import declared  # noqa: PLC0415 - calls imports this module

        return declared(exprs, node)
    seconds, zone = _arguments(exprs, node, 2)
    if zone.type.kind in types.INTEGERS:
        unsupported("from_unixtime with hours and minutes", node.place)
    instant = _from_unixtime(exprs, n.Call(node.name, (node.args[0],), place=node.place))
    return Value(instant.sql, timestamptz(3, _zone(zone, node.place)), seconds.constant)


def _with_timezone(exprs: "Expressions", node: n.Call) -> Value:
    value, zone_value = _arguments(exprs, node, 2)
    if value.type.kind not in {"timestamp", "date"}:
        fail("FUNCTION_NOT_FOUND", f"Unexpected parameters ({value.type}) for function with_timezone", node.place)
    zone = _zone(zone_value, node.place)
    stamp = f"CAST({value.sql} AS TIMESTAMP)"
    result = timestamptz(value.type.precision or 0, zone)
    instant = to_instant(stamp, zone)
    if offset_minutes(zone) is not None:
        return Value(instant, result, value.constant)
    gap = refuses("A local time that summer time skips or repeats")
    other = f"{in_zone(f'({instant} - INTERVAL 1 HOUR)', zone)} = {stamp}"
    sql = f"(CASE WHEN {in_zone(instant, zone)} <> {stamp} OR {other} THEN {gap} ELSE {instant} END)"
    return Value(sql, result, value.constant)


def _at_timezone(exprs: "Expressions", node: n.Call) -> Value:
    value, zone = _arguments(exprs, node, 2)
    if value.type.kind != "timestamptz":
        fail("FUNCTION_NOT_FOUND", f"Unexpected parameters ({value.type}) for function at_timezone", node.place)
    return Value(value.sql, value.type.with_zone(_zone(zone, node.place)), value.constant)


_ISO = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}(?::?\d{2})?)?)?")


def _from_iso8601(exprs: "Expressions", node: n.Call) -> Value:
    (value,) = _arguments(exprs, node, 1)
    if value.text is None:
        unsupported("from_iso8601_timestamp of a text that is no literal", node.place)
    match = _ISO.fullmatch(value.text)
    if match is None:
        unsupported(f"The ISO 8601 time '{value.text}'", node.place)
    day, clock, zone = match.groups()
    text = f"{day} {clock or '00:00'} {zone or 'UTC'}"
    found = literal(n.Literal("timestamp", text, place=node.place))
    return Value(found.sql, timestamptz(3, found.type.zone), constant=True)


def _date(exprs: "Expressions", node: n.Call) -> Value:
    (value,) = _arguments(exprs, node, 1)
    return cast(value, DATE, node.place)


_DURATION = {
    "ns": 1e-6,
    "us": 1e-3,
    "ms": 1,
    "s": 1000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
}


def _parse_duration(exprs: "Expressions", node: n.Call) -> Value:
    (value,) = _arguments(exprs, node, 1)
    if value.text is None:
        unsupported("parse_duration of a text that is no literal", node.place)
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*", value.text)
    if match is None or match[2] not in _DURATION:
        fail("INVALID_FUNCTION_ARGUMENT", f"Invalid duration: {value.text}", node.place)
    millis = int(float(match[1]) * _DURATION[match[2]] + 0.5)
    return Value(f"CAST({millis} AS BIGINT)", INTERVAL_DAY, constant=True)


CALENDAR: dict[str, Special] = {
    "date_add": _date_add,
    "date_diff": _date_diff,
    "date_trunc": _date_trunc,
    "from_unixtime": _from_unixtime,
    "with_timezone": _with_timezone,
    "at_timezone": _at_timezone,
    "from_iso8601_timestamp": _from_iso8601,
    "date": _date,
    "parse_duration": _parse_duration,
}
