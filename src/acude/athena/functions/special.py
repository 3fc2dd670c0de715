"""Calls that no signature can describe: lazy ones, and those whose literals decide the rendering."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from acude.athena import nodes as n
from acude.athena import operators, types
from acude.athena.errors import Place, fail, unsupported
from acude.athena.functions.calendar import CALENDAR
from acude.athena.functions.formatting import FORMATTING
from acude.athena.functions.registry import REGISTRY
from acude.athena.types import BOOLEAN, VARCHAR, Type
from acude.athena.value import Value, coerce, quote, refuses

if TYPE_CHECKING:
    from acude.athena.expressions import Expressions

Special = Callable[["Expressions", n.Call], Value]
_MANY_TRY = (n.Literal, n.Ref, n.Unary, n.Binary, n.Cast, n.Subscript, n.Call, n.AtZone, n.Field, n.TypeName)
_LAZY = {"coalesce", "if", "nullif", "try"}


def _values(exprs: "Expressions", node: n.Call, least: int, most: int | None = None) -> list[Value]:
    if len(node.args) < least or (most is not None and len(node.args) > most):
        names = f"Unexpected parameters for function {node.name}: {len(node.args)} given"
        fail("FUNCTION_NOT_FOUND", names, node.place)
    return [exprs.translate(arg) for arg in node.args]


def _unify(values: list[Value], node: n.Call) -> tuple[list[Value], Type]:
    common = types.common_all([value.type for value in values])
    if common is None:
        names = ", ".join(str(value.type) for value in values)
        message = f"All {node.name.upper()} operands must be the same type or coercible to a common type: {names}"
        fail("TYPE_MISMATCH", message, node.place)
    return [coerce(value, common) for value in values], common


def _coalesce(exprs: "Expressions", node: n.Call) -> Value:
    if len(node.args) < 2:  # noqa: PLR2004
        fail("INVALID_FUNCTION_ARGUMENT", "The 'coalesce' function must have at least two arguments", node.place)
    values, common = _unify(_values(exprs, node, 2), node)
    sql = f"coalesce({', '.join(value.sql for value in values)})"
    return Value(sql, common, all(value.constant for value in values))


def _if(exprs: "Expressions", node: n.Call) -> Value:
    condition, *results = _values(exprs, node, 2, 3)
    operators.require_boolean(condition, f"IF condition must evaluate to a boolean: {condition.type}", node.place)
    if len(results) == 1:
        results.append(Value("NULL", types.UNKNOWN, constant=True))
    (yes, no), common = _unify(results, node)
    test = coerce(condition, BOOLEAN)
    constant = test.constant and yes.constant and no.constant
    return Value(f"(CASE WHEN {test.sql} THEN {yes.sql} ELSE {no.sql} END)", common, constant)


def _nullif(exprs: "Expressions", node: n.Call) -> Value:
    first, second = _values(exprs, node, 2, 2)
    same = operators.compare("=", first, second, node.place)
    return Value(f"(CASE WHEN {same.sql} THEN NULL ELSE {first.sql} END)", first.type, same.constant)


def _try(exprs: "Expressions", node: n.Call) -> Value:
    """Failures of our own become nulls; the engine's are caught by its TRY. Only strict calls may stand inside."""
    if len(node.args) != 1:
        fail("SYNTAX_ERROR", "The 'try' function must have exactly one argument", node.place)
    _only_strict(node.args[0], node.place)
    value = exprs.translate(node.args[0])
    sql = re.sub(r"error\('@(?!NOT_SUPPORTED)(?:[^']|'')*'\)", "NULL", value.sql)
    wrapped = sql if "error(" in sql else f"TRY({sql})"
    return Value(wrapped, value.type, value.constant)


def _only_strict(node: object, place: Place) -> None:
    from acude.athena.walk import walk  # noqa: PLC0415 - walk needs the registry that this module fills

    for each in walk(node):
        lazy = isinstance(each, n.Binary) and each.op in {"AND", "OR", "IS DISTINCT FROM"}
        if isinstance(each, n.Call):
            signatures = REGISTRY.by_name.get(each.name, [])
            lazy = each.name in _LAZY or any(not found.strict or found.kind != "scalar" for found in signatures)
        if lazy or not isinstance(each, _MANY_TRY):
            unsupported(f"try() around {type(each).__name__}", place)


def _pick(function: str) -> Special:
    def special(exprs: "Expressions", node: n.Call) -> Value:
        values, common = _unify(_values(exprs, node, 1), node)
        if not types.orderable(common) or common.items:
            fail("FUNCTION_NOT_FOUND", f"Unexpected parameters ({common}) for function {function}", node.place)
        nulls = " OR ".join(f"{value.sql} IS NULL" for value in values)
        listed = ", ".join(value.sql for value in values)
        sql = f"(CASE WHEN {nulls} THEN NULL ELSE {function}({listed}) END)"
        if common.kind in types.FLOATS:
            nan = " OR ".join(f"isnan({value.sql})" for value in values)
            refused = refuses(f"{function} over NaN")
            sql = f"(CASE WHEN {nulls} THEN NULL WHEN {nan} THEN {refused} ELSE {function}({listed}) END)"
        return Value(sql, common, all(value.constant for value in values))

    return special


def _concat(exprs: "Expressions", node: n.Call) -> Value:
    values = _values(exprs, node, 2)
    constant = all(value.constant for value in values)
    kinds = {value.type.kind for value in values if not value.null}
    if len(values) == 2 and any(value.null for value in values) and "array" not in kinds:  # noqa: PLR2004
        # Trino resolves a bare NULL next to one element as concat(element, array).
        item = next((value.type for value in values if not value.null), types.UNKNOWN)
        found = types.array(item)
        return Value(f"CAST(NULL AS {found.duck})", found, constant)
    if kinds == {"varchar"}:
        texts = [coerce(value, VARCHAR) if value.null else value for value in values]
        return Value(f"({' || '.join(value.sql for value in texts)})", VARCHAR, constant)
    if kinds == {"varbinary"}:
        return Value(f"({' || '.join(value.sql for value in values)})", types.VARBINARY, constant)
    if "array" in kinds:
        return _concat_arrays(values, node, constant=constant)
    names = ", ".join(str(value.type) for value in values)
    return fail("FUNCTION_NOT_FOUND", f"Unexpected parameters ({names}) for function concat", node.place)


def _concat_arrays(values: list[Value], node: n.Call, *, constant: bool) -> Value:
    items = [value.type.item if value.type.kind == "array" else value.type for value in values]
    common = types.common_all(items)
    if common is None or (len(values) > 2 and any(v.type.kind != "array" for v in values)):  # noqa: PLR2004
        names = ", ".join(str(value.type) for value in values)
        fail("FUNCTION_NOT_FOUND", f"Unexpected parameters ({names}) for function concat", node.place)
    found = types.array(common)
    parts, nulls = [], []
    for value in values:
        if value.null or value.type.kind == "array":
            parts.append(coerce(value, found).sql)
            nulls.append(f"{parts[-1]} IS NULL")
        else:
            parts.append(f"[{coerce(value, common).sql}]")
    joined = parts[0]
    for part in parts[1:]:
        joined = f"list_concat({joined}, {part})"
    return Value(f"(CASE WHEN {' OR '.join(nulls)} THEN NULL ELSE {joined} END)", found, constant)


def _typeof(exprs: "Expressions", node: n.Call) -> Value:
    (value,) = _values(exprs, node, 1, 1)
    return Value(quote(str(value.type).replace(", ", ",")), VARCHAR, constant=True)


def _random(exprs: "Expressions", node: n.Call) -> Value:
    if _values(exprs, node, 0):
        unsupported("random with arguments", node.place)
    return Value("random()", types.DOUBLE)


SPECIAL: dict[str, Special] = {
    "coalesce": _coalesce,
    "if": _if,
    "nullif": _nullif,
    "try": _try,
    "greatest": _pick("greatest"),
    "least": _pick("least"),
    "concat": _concat,
    "typeof": _typeof,
    "random": _random,
    "rand": _random,
    **CALENDAR,
    **FORMATTING,
}
