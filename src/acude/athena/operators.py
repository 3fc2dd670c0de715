"""Arithmetic, comparison and logic with Trino's result types and errors."""

from datetime import timedelta

from acude.athena import types
from acude.athena.decimals import divide_decimals, rescale
from acude.athena.errors import Place, fail, unsupported
from acude.athena.types import BIGINT, BOOLEAN, DOUBLE, FLOATS, INTEGERS, INTERVAL_DAY, INTERVAL_MONTH, NUMBERS, Type
from acude.athena.value import Value, boolean, coerce, local, offset_minutes, raises, refuses, to_instant

_ZERO = raises("DIVISION_BY_ZERO", "Division by zero")


def negate(value: Value, place: Place) -> Value:
    """``-value``."""
    if value.type.kind not in {*NUMBERS, "interval_day", "interval_month"}:
        fail("TYPE_MISMATCH", f"Cannot negate {value.type}", place)
    return Value(f"(-{value.sql})", value.type, value.constant)


def arithmetic(op: str, left: Value, right: Value, place: Place) -> Value:
    """``left op right`` for ``+ - * / %``."""
    constant = left.constant and right.constant
    kinds = {left.type.kind, right.type.kind}
    if left.null and right.null:
        fail("TYPE_MISMATCH", f"'{op}' cannot be applied to unknown, unknown", place)
    if kinds & {"interval_day", "interval_month"} or (op == "-" and kinds <= set(types.TIMES)):
        return _with_times(op, left, right, place)
    if left.null or right.null:
        left, right = (coerce(v, (right if v is left else left).type) if v.null else v for v in (left, right))
    common = types.common(left.type, right.type)
    if common is None or common.kind not in NUMBERS:
        fail("TYPE_MISMATCH", f"Cannot apply operator: {left.type} {op} {right.type}", place)
    if common.kind == "decimal":
        return _decimals(op, left, right, constant=constant, place=place)
    a, b = coerce(left, common).sql, coerce(right, common).sql
    if op in {"/", "%"} and common.kind in INTEGERS:
        duck = "//" if op == "/" else "%"
        return Value(f"(CASE WHEN {b} = 0 THEN {_ZERO} ELSE {a} {duck} {b} END)", common, constant)
    return Value(f"({a} {op} {b})", common, constant)


def _decimals(op: str, left: Value, right: Value, *, constant: bool, place: Place) -> Value:
    a, b = types.as_decimal(left.type), types.as_decimal(right.type)
    x, y = coerce(left, a).sql, coerce(right, b).sql
    ap, bp = a.precision or 0, b.precision or 0
    whole = max(ap - a.scale, bp - b.scale)
    scale = max(a.scale, b.scale)
    if op == "/":
        result = types.decimal(min(38, ap + b.scale + max(0, b.scale - a.scale)), scale)
        return Value(divide_decimals(x, y, a, b, result), result, constant)
    if op == "*":
        if a.scale + b.scale > types.MAX_PRECISION:
            fail("INVALID_FUNCTION_ARGUMENT", "DECIMAL scale must be at most 38", place)
        result = types.decimal(min(38, ap + bp), a.scale + b.scale)
        return Value(f"CAST(({x} * {y}) AS {result.duck})", result, constant)
    if op == "%":
        result = types.decimal(min(bp - b.scale, ap - a.scale) + scale, scale)
        wide = types.decimal(min(38, whole + scale), scale)
        x, y = rescale(x, a, wide), rescale(y, b, wide)
        return Value(f"CAST((CASE WHEN {y} = 0 THEN {_ZERO} ELSE {x} % {y} END) AS {result.duck})", result, constant)
    result = types.decimal(min(38, whole + scale + 1), scale)
    sql = f"CAST(({rescale(x, a, result)} {op} {rescale(y, b, result)}) AS {result.duck})"
    return Value(sql, result, constant)


def _with_times(op: str, left: Value, right: Value, place: Place) -> Value:  # noqa: C901, PLR0911
    kinds = (left.type.kind, right.type.kind)
    constant = left.constant and right.constant
    if op == "+" and kinds[0].startswith("interval") and kinds[1] in types.TIMES:
        left, right, kinds = right, left, (kinds[1], kinds[0])
    if op in {"+", "-"} and kinds[0] in types.TIMES and kinds[1].startswith("interval"):
        return add_interval(left, right, op, place)
    if op == "-" and kinds[0] == kinds[1] and kinds[0] in types.TIMES:
        if kinds[0] == "date":
            return Value(f"(CAST(({left.sql} - {right.sql}) AS BIGINT) * 86400000)", INTERVAL_DAY, constant)
        return Value(f"((epoch_us({left.sql}) - epoch_us({right.sql})) // 1000)", INTERVAL_DAY, constant)
    if op == "-" and set(kinds) <= set(types.TIMES):
        common = types.common(left.type.with_zone("UTC"), right.type.with_zone("UTC"))
        if common:
            return _with_times(op, coerce(left, common), coerce(right, common), place)
    if op in {"+", "-"} and left.type == right.type:
        return Value(f"({left.sql} {op} {right.sql})", left.type, constant)
    if op == "*" and kinds[0] in {"integer", "bigint"}:
        left, right, kinds = right, left, (kinds[1], kinds[0])
    if op == "*" and kinds[0].startswith("interval") and kinds[1] in {"integer", "bigint"}:
        return Value(f"CAST(({left.sql} * {right.sql}) AS {left.type.duck})", left.type, constant)
    if any(kind.startswith("interval") for kind in kinds) and set(kinds) & {"double", "unknown"}:
        unsupported(f"{left.type} {op} {right.type}", place)
    return fail("TYPE_MISMATCH", f"Cannot apply operator: {left.type} {op} {right.type}", place)


def add_interval(value: Value, interval: Value, op: str, place: Place) -> Value:
    """A date or time moved by an interval."""
    kind, constant = value.type.kind, value.constant and interval.constant
    if kind == "date" and interval.type == INTERVAL_DAY:
        whole = raises("INVALID_FUNCTION_ARGUMENT", "Cannot add hour, minutes or seconds to a date")
        days = f"CAST(({interval.sql} // 86400000) AS INTEGER)"
        sql = f"(CASE WHEN {interval.sql} % 86400000 <> 0 THEN {whole} ELSE {value.sql} {op} {days} END)"
        return Value(sql, value.type, constant)
    if kind == "date":
        return Value(f"CAST(({value.sql} {op} to_months({interval.sql})) AS DATE)", value.type, constant)
    result = _with_millis(value.type) if interval.type == INTERVAL_DAY else value.type
    if interval.type == INTERVAL_DAY:
        return Value(f"({value.sql} {op} to_milliseconds({interval.sql}))", result, constant)
    if kind == "timestamp":
        return Value(f"({value.sql} {op} to_months({interval.sql}))", result, constant)
    return Value(moved_in_zone(value, f"{op} to_months({interval.sql})", place), result, constant)


def moved_in_zone(value: Value, step: str, place: Place) -> str:
    """A zoned time moved on its own calendar; refused where summer time could matter."""
    if offset_minutes(value.type.zone) is None:
        unsupported(f"Calendar arithmetic in the time zone {value.type.zone}", place)
    return to_instant(f"({local(value)} {step})", value.type.zone)


def _with_millis(found: Type) -> Type:
    return Type(found.kind, max(found.precision or 0, 3), zone=found.zone)


_FLIPPED = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}


def compare(op: str, left: Value, right: Value, place: Place) -> Value:
    """``left op right`` for comparisons and ``IS DISTINCT FROM``."""
    plain = [v.type.with_zone("UTC") if v.type.kind == "timestamptz" else v.type for v in (left, right)]
    common = types.common(plain[0], plain[1])
    if common is None:
        fail("TYPE_MISMATCH", f"Cannot apply operator: {left.type} {_word(op)} {right.type}", place)
    if not types.comparable(common) or (op in {"<", "<=", ">", ">="} and not types.orderable(common)):
        fail("TYPE_MISMATCH", f"Cannot apply operator: {left.type} {_word(op)} {right.type}", place)
    if common.items:
        return _compare_nested(op, left, right, common, place)
    a, b = coerce(left, common), coerce(right, common)
    if common.kind in FLOATS:
        return _compare_floats(op, a, b)
    sql = f"({a.sql} {op} {b.sql})"
    if op not in {"IS DISTINCT FROM", "<>"}:
        sql = _pruned(sql, op, left, b)
        sql = _pruned(sql, _FLIPPED[op], right, a)
    return boolean(sql, left, right)


def _word(op: str) -> str:
    return "IS DISTINCT FROM" if op == "IS DISTINCT FROM" else op


def _compare_nested(op: str, left: Value, right: Value, common: Type, place: Place) -> Value:
    """Nulls inside nested values make Trino's comparison null or an error: only what has none is compared."""
    if op not in {"=", "<>"} or _has_floats(common) or any(item.items for item in common.items):
        unsupported(f"Comparing two values of the type {common} with {op}", place)
    a, b = coerce(left, common).sql, coerce(right, common).sql
    if common.kind == "array":
        holes = f"(len(list_filter({a}, lambda e: e IS NULL)) + len(list_filter({b}, lambda e: e IS NULL)) > 0)"
    elif common.kind == "row":
        fields = [f"{v}.f{i} IS NULL" for v in (a, b) for i in range(len(common.items))]
        holes = f"({' OR '.join(fields)})"
    else:
        unsupported(f"Comparing two values of the type {common}", place)
    sql = f"(CASE WHEN {a} IS NULL OR {b} IS NULL THEN NULL WHEN {holes} THEN {refuses('Comparing nested nulls')}"
    return boolean(f"{sql} ELSE {a} {op} {b} END)", left, right)


def _has_floats(found: Type) -> bool:
    return found.kind in FLOATS or any(_has_floats(item) for item in found.items)


def _compare_floats(op: str, left: Value, right: Value) -> Value:
    """DuckDB orders NaN above all numbers and equal to itself; Trino compares as IEEE 754 does."""
    a, b = left.sql, right.sql
    if op == "IS DISTINCT FROM":
        return boolean(f"({a} {op} {b})", left, right)
    if op == "=":
        return boolean(f"(({a} = {b}) AND NOT isnan({a}))", left, right)
    if op == "<>":
        return boolean(f"(({a} <> {b}) OR (isnan({a}) AND isnan({b})))", left, right)
    high, low = (b, a) if op in {"<", "<="} else (a, b)
    return boolean(f"(({a} {op} {b}) AND (NOT isnan({high}) OR {low} IS NULL))", left, right)


def _pruned(sql: str, op: str, value: Value, bound: Value) -> str:
    """Repeats a filter on the column itself, so widened that it never excludes a row that the exact one keeps."""
    if value.prune is None or not bound.constant:
        return sql
    raw, limit = value.prune.raw, bound.sql
    low, high = _shift(limit, "-", value.prune.below), _shift(limit, "+", value.prune.above)
    if op in {">", ">=", "="}:
        sql = f"({sql} AND {raw} >= {low})"
    if op in {"<", "<=", "="}:
        sql = f"({sql} AND {raw} <= {high})"
    return sql


def _shift(sql: str, sign: str, by: timedelta) -> str:
    stamp = f"CAST({sql} AS TIMESTAMPTZ)"
    return f"({stamp} {sign} to_microseconds({by // timedelta(microseconds=1)}))" if by else stamp


def between(value: Value, low: Value, high: Value, place: Place) -> Value:
    """``value BETWEEN low AND high``."""
    a, b = compare(">=", value, low, place), compare("<=", value, high, place)
    return boolean(f"({a.sql} AND {b.sql})", a, b)


def logic(op: str, left: Value, right: Value, place: Place) -> Value:
    """``left AND right``, ``left OR right``. What may fail on the right runs only where the left leaves it open."""
    for value in (left, right):
        require_boolean(value, f"Logical expression term must evaluate to a boolean: {value.type}", place)
    a, b = coerce(left, BOOLEAN), coerce(right, BOOLEAN)
    if "error(" in b.sql:
        decided = "FALSE" if op == "AND" else "TRUE"
        return boolean(f"(CASE WHEN {a.sql} IS {decided} THEN {decided} ELSE ({a.sql} {op} {b.sql}) END)", a, b)
    return boolean(f"({a.sql} {op} {b.sql})", a, b)


def require_boolean(value: Value, message: str, place: Place) -> None:
    """A TYPE_MISMATCH unless the value is boolean or null."""
    if value.type.kind not in {"boolean", "unknown"}:
        fail("TYPE_MISMATCH", message, place)


def months(value: Value) -> bool:
    """Whether the value is a year-month interval."""
    return value.type == INTERVAL_MONTH


def as_bigint(value: Value) -> str:
    """SQL of an integer as BIGINT."""
    return coerce(value, BIGINT).sql


def as_double(value: Value) -> str:
    """SQL of a number as DOUBLE."""
    return coerce(value, DOUBLE).sql
