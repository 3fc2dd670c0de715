"""Function calls: finds the signature, widens the arguments, renders."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from acude.athena import nodes as n
from acude.athena import types
from acude.athena.errors import fail, unsupported
from acude.athena.functions import load_all
from acude.athena.functions.known import NOT_HERE
from acude.athena.functions.registry import REGISTRY, Bindings, Pattern, Signature, bind, substitute
from acude.athena.functions.special import SPECIAL
from acude.athena.types import Type
from acude.athena.value import Value, coerce
from acude.athena.windows import over_clause

if TYPE_CHECKING:
    from acude.athena.expressions import Expressions

load_all()


def call(exprs: "Expressions", node: n.Call) -> Value:
    """One call.

    Raises:
        QueryError: FUNCTION_NOT_FOUND, NOT_SUPPORTED for a function of Trino's that is not declared, and others.
    """
    special = SPECIAL.get(node.name)
    if special is not None:
        if node.over or node.where or node.order or node.distinct or node.star:
            fail("FUNCTION_NOT_AGGREGATE", f"Function '{node.name}' is not an aggregation", node.place)
        return special(exprs, node)
    return declared(exprs, node)


def declared(exprs: "Expressions", node: n.Call) -> Value:
    """A call of a declared function."""
    signatures = REGISTRY.by_name.get(node.name)
    if not signatures:
        if node.name in NOT_HERE:
            unsupported(f"The function {node.name}", node.place)
        fail("FUNCTION_NOT_FOUND", f"Function '{node.name}' not registered", node.place)
    kind = signatures[0].kind
    if kind == "scalar":
        if node.over or node.where or node.order or node.distinct or node.star:
            fail("FUNCTION_NOT_AGGREGATE", f"Function '{node.name}' is not an aggregation", node.place)
        return _scalar(exprs, node, signatures)
    if node.over is not None:
        return _windowed(exprs, node, signatures)
    if kind == "window":
        fail("MISSING_OVER", f"Window function {node.name} requires an OVER clause", node.place)
    return _aggregated(exprs, node, signatures)


def _scalar(exprs: "Expressions", node: n.Call, signatures: list[Signature]) -> Value:
    values = [None if isinstance(arg, n.Lambda) else exprs.translate(arg) for arg in node.args]
    signature, targets, bound = find(node, signatures, [value.type if value else None for value in values])
    arguments: list[Value] = []
    for pattern, value, target, arg in zip(_patterns(signature, len(values)), values, targets, node.args, strict=True):
        if isinstance(arg, n.Lambda):
            arguments.append(_lambda(exprs, arg, pattern, bound))
        elif value is not None and target is not None:
            arguments.append(coerce(value, target))
    result = signature.result(bound)
    constant = all(value.constant for value in arguments)
    return Value(render(signature, arguments, result), result, constant)


def _patterns(signature: Signature, count: int) -> list[Pattern]:
    patterns = list(signature.params)
    return patterns + [patterns[-1]] * (count - len(patterns)) if patterns else []


def _lambda(exprs: "Expressions", node: n.Lambda, pattern: Pattern, bound: Bindings) -> Value:
    """Types a lambda's parameters from what is bound, and binds its result."""
    given = [substitute(arg, bound) for arg in pattern.args[:-1]]
    value = exprs.lambda_value(node, given)
    result = pattern.args[-1]
    if result.variable and result.kind not in bound:
        bound[result.kind] = value.type
        return value
    wanted = substitute(result, bound)
    body = Value(value.sql.partition(": ")[2], value.type)
    if not types.coercible(value.type, wanted) and not value.null:
        fail("TYPE_MISMATCH", f"Expected a lambda that gives {wanted}, found {value.type}", node.place)
    return Value(f"{value.sql.partition(': ')[0]}: {coerce(body, wanted).sql}", wanted)


def find(
    node: n.Call, signatures: list[Signature], given: list[Type | None]
) -> tuple[Signature, list[Type | None], Bindings]:
    """The first signature that fits exactly, else the first that fits by widening."""
    for exact in (True, False):
        for signature in signatures:
            found = bind(signature, given, exact=exact)
            if found is not None:
                return signature, *found
    names = ", ".join("function" if each is None else str(each) for each in given)
    if node.name in NOT_HERE:
        unsupported(f"{node.name}({names})", node.place)
    message = f"Unexpected parameters ({names}) for function {node.name}"
    return fail("FUNCTION_NOT_FOUND", message, node.place)


_HOLE = re.compile(r"\{(\d+|args|type|d|o|f|i)\}|\x00(\d+)\x00")


def render(signature: Signature, arguments: list[Value], result: Type, **clauses: str) -> str:
    """A signature's SQL over arguments that already have its types.

    Holes are filled in one pass, so that a string that looks like a hole stays a string.
    """
    if callable(signature.render) and signature.kind == "scalar":
        return signature.render(arguments)
    template = signature.render
    if callable(template):
        template = template([replace(value, sql=f"\x00{index}\x00") for index, value in enumerate(arguments)])

    def fill(match: re.Match[str]) -> str:
        hole = match[1] or match[2]
        if hole.isdigit():
            return arguments[int(hole)].sql if int(hole) < len(arguments) else match[0]
        if hole in {"args", "type"}:
            return result.duck if hole == "type" else ", ".join(value.sql for value in arguments)
        return clauses.get(hole, "")

    return _HOLE.sub(fill, template)


def _arguments(inner: "Expressions", node: n.Call, signatures: list[Signature]) -> tuple[Signature, list[Value], Type]:
    values = [inner.translate(arg) for arg in node.args]
    signature, targets, bound = find(node, signatures, [value.type for value in values])
    arguments = [coerce(value, target) for value, target in zip(values, targets, strict=True) if target]
    return signature, arguments, signature.result(bound)


def _filter(inner: "Expressions", node: n.Call) -> str:
    return f" FILTER (WHERE {inner.boolean(node.where, 'FILTER').sql})" if node.where else ""


def _aggregated(exprs: "Expressions", node: n.Call, signatures: list[Signature]) -> Value:
    grouped = exprs.grouped
    if grouped is None or exprs.clause:
        message = f"{exprs.clause or 'Expression'} cannot contain aggregations, window functions or grouping operations"
        fail("EXPRESSION_NOT_SCALAR", f"{message}: [{node.name}]", node.place)
    source = grouped.source
    source.clause = "Arguments of an aggregation"
    try:
        signature, arguments, result = _arguments(source, _starred(node), signatures)
        _check_clauses(node, arguments)
        filtered = _filter(source, node)
        order = source.query.order_inside(source, node.order or node.within)
    finally:
        source.clause = ""
    distinct = "DISTINCT " if node.distinct else ""
    if node.distinct and order and not all(key.expr in node.args for key in node.order or node.within):
        fail(
            "EXPRESSION_NOT_IN_DISTINCT", "ORDER BY of a DISTINCT aggregation must be one of its arguments", node.place
        )
    return grouped.add_aggregate(render(signature, arguments, result, d=distinct, o=order, f=filtered), result)


def _starred(node: n.Call) -> n.Call:
    if node.star and node.name != "count":
        fail("FUNCTION_NOT_FOUND", f"Unexpected parameters (*) for function {node.name}", node.place)
    if node.within and node.name != "listagg":
        fail("SYNTAX_ERROR", "WITHIN GROUP belongs to listagg only", node.place)
    if node.ignore_nulls and node.over is None:
        fail("INVALID_ARGUMENTS", "IGNORE NULLS is not supported for aggregations", node.place)
    return node


def _check_clauses(node: n.Call, arguments: list[Value]) -> None:
    if node.order and node.name != "array_agg":
        unsupported(f"{node.name} with an ORDER BY inside", node.place)
    if node.distinct and any(not types.comparable(value.type) for value in arguments):
        fail("TYPE_MISMATCH", "DISTINCT can only be applied to comparable types", node.place)
    if node.distinct and (len(arguments) > 1 and node.name != "listagg"):
        unsupported(f"{node.name}(DISTINCT …) with several arguments", node.place)


def _windowed(exprs: "Expressions", node: n.Call, signatures: list[Signature]) -> Value:
    if exprs.clause or exprs.inside_window:
        name = "NESTED_WINDOW" if exprs.inside_window else "EXPRESSION_NOT_SCALAR"
        where = exprs.clause or "A window function"
        message = f"{where} cannot contain aggregations, window functions or grouping operations"
        fail(name, f"{message}: [{node.name}]", node.place)
    if node.distinct or node.order:
        unsupported("DISTINCT or ORDER BY in the arguments of a window function", node.place)
    exprs.inside_window = True
    try:
        signature, arguments, result = _arguments(exprs, _starred(node), signatures)
        filtered = _filter(exprs, node)
        over = over_clause(exprs, node)
    finally:
        exprs.inside_window = False
    ignore = " IGNORE NULLS" if node.ignore_nulls else ""
    if node.ignore_nulls and node.name not in {"lag", "lead", "first_value", "last_value", "nth_value"}:
        fail("INVALID_ARGUMENTS", f"Cannot specify null treatment clause for {node.name} function", node.place)
    if signature.kind == "window" and node.where:
        fail("FUNCTION_NOT_AGGREGATE", "FILTER belongs to aggregations only", node.place)
    if "{o}" in str(signature.render) and node.name == "listagg":
        unsupported(f"{node.name} as a window function", node.place)
    return Value(render(signature, arguments, result, f=f"{filtered} {over}", i=ignore), result)
