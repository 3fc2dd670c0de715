"""Translates expressions: every node gets Trino's type and DuckDB's SQL, or the query is refused."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from acude.athena import nodes as n
from acude.athena import operators, types
from acude.athena.aggregation import Grouped
from acude.athena.calls import call
from acude.athena.casts import cast
from acude.athena.errors import Place, fail, unsupported
from acude.athena.literals import interval, literal
from acude.athena.scope import Scope
from acude.athena.types import BOOLEAN, VARCHAR, Type
from acude.athena.value import Value, boolean, coerce, quote, raises, to_instant
from acude.athena.zones import known_zone

if TYPE_CHECKING:
    from acude.athena.queries import Translator


class Expressions:
    """Translates the expressions of one SELECT clause by clause.

    Args:
        query: The translator of the whole statement, for subqueries.
        scope: The columns of FROM.
        grouped: Set where expressions stand above GROUP BY; they see groups and aggregates only.
        clause: The clause's name where aggregates and windows are errors, else empty.
        outputs: Names that ORDER BY sees before the columns.
    """

    def __init__(
        self,
        query: "Translator",
        scope: Scope,
        *,
        grouped: Grouped | None = None,
        clause: str = "",
        outputs: dict[str, list[Value]] | None = None,
    ) -> None:
        self.query = query
        self.scope = scope
        self.grouped = grouped
        self.clause = clause
        self.outputs = outputs or {}
        self.lambdas: list[dict[str, Value]] = []
        self.windows: dict[str, n.Window] = {}
        self.inside_window = False

    def translate(self, node: n.Expr) -> Value:
        """One expression.

        Raises:
            QueryError: With Trino's error name, or NOT_SUPPORTED.
        """
        if self.grouped is not None and self._may_be_key(node):
            slot = self.grouped.slot(node)
            if slot is not None:
                return slot
        handler = _HANDLERS.get(type(node))
        if handler is None:
            unsupported(f"The expression {type(node).__name__}", node.place)
        return handler(self, node)

    def _may_be_key(self, node: n.Expr) -> bool:
        if not self.lambdas:
            return not isinstance(node, n.Literal)
        return isinstance(node, n.Ref) and not any(node.parts[0].key in frame for frame in self.lambdas)

    def boolean(self, node: n.Expr, clause: str) -> Value:
        """A condition."""
        value = self.translate(node)
        operators.require_boolean(value, f"{clause} must evaluate to a boolean: actual type {value.type}", node.place)
        return coerce(value, BOOLEAN)

    def conjunction(self, node: n.Expr, clause: str) -> str:
        """A condition as SQL whose top-level ANDs stay ANDs, so that each can be pushed down."""
        if isinstance(node, n.Binary) and node.op == "AND":
            return f"{self.conjunction(node.left, clause)} AND {self.conjunction(node.right, clause)}"
        return self.boolean(node, clause).sql

    def ref(self, node: n.Ref) -> Value:
        """A column, a lambda's parameter, or a field of either."""
        first = node.parts[0]
        for frame in reversed(self.lambdas):
            if first.key in frame:
                return self._fields(frame[first.key], node.parts[1:], node.place)
        if len(node.parts) == 1 and first.key in self.outputs:
            named = self.outputs[first.key]
            if len({value.sql for value in named}) > 1:
                fail("AMBIGUOUS_NAME", f"Column '{first.text}' is ambiguous", node.place)
            return named[0]
        scope: Scope | None = self.scope
        while scope is not None:
            found = scope.find(node.parts, node.place)
            if found is not None:
                return self._found(*found, node)
            scope = scope.parent
        name = ".".join(part.text for part in node.parts)
        return fail("COLUMN_NOT_FOUND", f"Column '{name}' cannot be resolved", node.place)

    def _found(self, value: Value, rest: tuple[n.Name, ...], scope: Scope, node: n.Ref) -> Value:
        if scope is not self.scope:
            return self._fields(self.query.outer(scope, node, value), rest, node.place)
        if self.grouped is not None:
            name = ".".join(part.text for part in node.parts)
            message = f"'{name}' must be an aggregate expression or appear in GROUP BY clause"
            fail("EXPRESSION_NOT_AGGREGATE", message, node.place)
        return self._fields(value, rest, node.place)

    def _fields(self, value: Value, names: tuple[n.Name, ...], place: Place) -> Value:
        for name in names:
            value = field(value, name, place)
        return value

    def lambda_value(self, node: n.Lambda, given: list[Type]) -> Value:
        """A lambda's body and SQL ``lambda a, b: …``, its parameters typed."""
        if len(node.params) != len(given):
            fail("INVALID_PARAMETER_USAGE", "Expected a lambda with another number of parameters", node.place)
        depth = len(self.lambdas)
        names = [f"l{depth}_{index}" for index in range(len(given))]
        frame = {param.key: Value(name, kind) for param, name, kind in zip(node.params, names, given, strict=True)}
        self.lambdas.append(frame)
        try:
            body = self.translate(node.body)
        finally:
            self.lambdas.pop()
        return Value(f"lambda {', '.join(names)}: {body.sql}", body.type)


def field(value: Value, name: n.Name, place: Place) -> Value:
    """``row.name``."""
    keys = [each.lower() for each in value.type.names]
    if value.type.kind != "row":
        fail("TYPE_MISMATCH", f"Expression {name.text} is not of type ROW", place)
    if name.key not in keys:
        fail("COLUMN_NOT_FOUND", f"Column '{name.text}' cannot be resolved", place)
    index = keys.index(name.key)
    return Value(f"({value.sql}).f{index}", value.type.items[index], value.constant)


def _ref(self: Expressions, node: n.Ref) -> Value:
    return self.ref(node)


def _field(self: Expressions, node: n.Field) -> Value:
    return field(self.translate(node.base), node.name, node.place)


def _literal(_: Expressions, node: n.Literal) -> Value:
    return literal(node)


def _interval(_: Expressions, node: n.IntervalLiteral) -> Value:
    return interval(node)


def _unary(self: Expressions, node: n.Unary) -> Value:
    value = self.translate(node.arg)
    if node.op == "NOT":
        operators.require_boolean(
            value, f"Value of logical NOT expression must evaluate to a boolean: {value.type}", node.place
        )
        return boolean(f"(NOT {coerce(value, BOOLEAN).sql})", value)
    return value if node.op == "+" else operators.negate(value, node.place)


def _binary(self: Expressions, node: n.Binary) -> Value:
    if node.op == "||":
        return call(self, n.Call("concat", (node.left, node.right), place=node.place))
    left, right = self.translate(node.left), self.translate(node.right)
    if node.op in {"AND", "OR"}:
        return operators.logic(node.op, left, right, node.place)
    if node.op in {"+", "-", "*", "/", "%"}:
        return operators.arithmetic(node.op, left, right, node.place)
    return operators.compare(node.op, left, right, node.place)


def _is_null(self: Expressions, node: n.IsNull) -> Value:
    value = self.translate(node.arg)
    return boolean(f"({value.sql} IS NULL)", value)


def _between(self: Expressions, node: n.Between) -> Value:
    value, low, high = (self.translate(part) for part in (node.arg, node.low, node.high))
    return operators.between(value, low, high, node.place)


def _in_list(self: Expressions, node: n.InList) -> Value:
    value = self.translate(node.arg)
    tests = [operators.compare("=", value, self.translate(item), node.place) for item in node.items]
    return boolean(f"({' OR '.join(test.sql for test in tests)})", value, *tests)


def _in_query(self: Expressions, node: n.InQuery) -> Value:
    return self.query.compare_with_query(self, node.arg, "=", "ANY", node.query, node.place)


def _quantified(self: Expressions, node: n.Quantified) -> Value:
    return self.query.compare_with_query(self, node.arg, node.op, node.quantifier, node.query, node.place)


def _like(self: Expressions, node: n.Like) -> Value:
    value, pattern = self.translate(node.arg), self.translate(node.pattern)
    escape = self.translate(node.escape) if node.escape else None
    for part in (value, pattern, *([escape] if escape else [])):
        if part.type.kind not in {"varchar", "unknown"}:
            fail(
                "TYPE_MISMATCH",
                f"Left side of LIKE expression must evaluate to a varchar (actual: {part.type})",
                node.place,
            )
    a, b = coerce(value, VARCHAR) if value.null else value, coerce(pattern, VARCHAR) if pattern.null else pattern
    if escape is None:
        return boolean(f"({a.sql} LIKE {b.sql})", value, pattern)
    if escape.text is None or len(escape.text) != 1 or pattern.text is None:
        unsupported("LIKE with an ESCAPE or a pattern that is no literal", node.place)
    check_escapes(pattern.text, escape.text, node.place)
    return boolean(f"({a.sql} LIKE {b.sql} ESCAPE {quote(escape.text)})", value, pattern)


def check_escapes(pattern: str, escape: str, place: Place) -> None:
    """An escape must stand before ``%``, ``_`` or itself."""
    index = 0
    while index < len(pattern):
        if pattern[index] == escape:
            index += 1
            if pattern[index : index + 1] not in {"%", "_", escape}:
                message = "Escape character must be followed by '%', '_' or the escape character itself"
                fail("INVALID_FUNCTION_ARGUMENT", message, place)
        index += 1


def _exists(self: Expressions, node: n.Exists) -> Value:
    plan = self.query.subquery(node.query, self)
    return Value(f"EXISTS ({plan.sql})", BOOLEAN)


def _scalar(self: Expressions, node: n.Scalar) -> Value:
    plan = self.query.subquery(node.query, self)
    if len(plan.outputs) != 1:
        message = f"Multiple columns returned by subquery are not yet supported. Found {len(plan.outputs)}"
        fail("NOT_SUPPORTED", message, node.place)
    return Value(f"({plan.sql})", plan.outputs[0].type)


def unify(values: list[Value], place: Place, what: str) -> tuple[list[Value], Type]:
    """The values widened to their common type."""
    common = types.common_all([value.type for value in values])
    if common is None:
        names = ", ".join(str(value.type) for value in values)
        fail("TYPE_MISMATCH", f"{what} must be the same type or coercible to a common type: {names}", place)
    return [coerce(value, common) for value in values], common


def _case(self: Expressions, node: n.Case) -> Value:
    operand = self.translate(node.operand) if node.operand else None
    conditions = []
    for when, _ in node.whens:
        value = self.translate(when)
        if operand is None:
            operators.require_boolean(value, f"CASE WHEN clause must evaluate to a boolean: {value.type}", when.place)
            conditions.append(coerce(value, BOOLEAN))
        else:
            conditions.append(operators.compare("=", operand, value, when.place))
    results = [self.translate(then) for _, then in node.whens]
    otherwise = self.translate(node.otherwise) if node.otherwise else Value("NULL", types.UNKNOWN, constant=True)
    branches, common = unify([*results, otherwise], node.place, "All CASE results")
    whens = " ".join(f"WHEN {c.sql} THEN {r.sql}" for c, r in zip(conditions, branches[:-1], strict=True))
    constant = all(value.constant for value in (*conditions, *branches))
    return Value(f"(CASE {whens} ELSE {branches[-1].sql} END)", common, constant)


def _cast(self: Expressions, node: n.Cast) -> Value:
    return cast(self.translate(node.arg), types.resolve(node.to), node.place, safe=node.safe)


def _at_zone(self: Expressions, node: n.AtZone) -> Value:
    value, zone = self.translate(node.arg), self.translate(node.zone)
    if zone.text is None:
        unsupported("A time zone that is no literal", node.place)
    name = known_zone(zone.text, node.place)
    if value.type.kind == "timestamp":
        return Value(to_instant(value.sql, "UTC"), types.timestamptz(value.type.precision or 0, name), value.constant)
    if value.type.kind != "timestamptz":
        message = f"Type of value must be a time or timestamp with or without time zone (actual {value.type})"
        fail("TYPE_MISMATCH", message, node.place)
    return Value(value.sql, value.type.with_zone(name), value.constant)


def _array(self: Expressions, node: n.ArrayExpr) -> Value:
    items, common = unify([self.translate(item) for item in node.items], node.place, "All ARRAY elements")
    found = types.array(common)
    constant = all(item.constant for item in items)
    return Value(f"CAST([{', '.join(item.sql for item in items)}] AS {found.duck})", found, constant)


def _row(self: Expressions, node: n.RowExpr) -> Value:
    values = [self.translate(item) for item in node.items]
    packed = ", ".join(f"f{index} := {value.sql}" for index, value in enumerate(values))
    found = types.row(tuple(value.type for value in values))
    return Value(f"struct_pack({packed})", found, all(value.constant for value in values))


def _subscript(self: Expressions, node: n.Subscript) -> Value:
    base, index = self.translate(node.base), self.translate(node.index)
    constant = base.constant and index.constant
    if base.type.kind == "row" and index.number is not None:
        if not 1 <= index.number <= len(base.type.items):
            fail("INVALID_FUNCTION_ARGUMENT", f"ROW index out of bounds: {index.number}", node.place)
        return Value(f"({base.sql}).f{index.number - 1}", base.type.items[index.number - 1], constant)
    if base.type.kind == "array" and index.type.kind in types.INTEGERS:
        a, i = base.sql, index.sql
        low = raises("INVALID_FUNCTION_ARGUMENT", "SQL array indices start at 1; an index of 0 or less is invalid")
        high = raises("INVALID_FUNCTION_ARGUMENT", "Array subscript must be less than or equal to array length")
        sql = f"(CASE WHEN {a} IS NULL OR {i} IS NULL THEN NULL WHEN {i} < 1 THEN {low} WHEN {i} > len({a}) THEN {high}"
        return Value(f"{sql} ELSE {a}[{i}] END)", base.type.item, constant)
    if base.type.kind == "map" and types.coercible(index.type, base.type.items[0]):
        key = coerce(index, base.type.items[0]).sql
        missing = raises("INVALID_FUNCTION_ARGUMENT", "Key not present in map")
        sql = f"(CASE WHEN {base.sql} IS NULL OR {key} IS NULL THEN NULL WHEN NOT map_contains({base.sql}, {key})"
        return Value(f"{sql} THEN {missing} ELSE {base.sql}[{key}] END)", base.type.items[1], constant)
    return fail("TYPE_MISMATCH", f"Cannot use {index.type} for subscript of {base.type}", node.place)


def _call(self: Expressions, node: n.Call) -> Value:
    return call(self, node)


def _grouping(self: Expressions, node: n.Grouping) -> Value:
    if self.grouped is None:
        fail(
            "INVALID_FUNCTION_ARGUMENT",
            "A GROUPING() operation can only be used with a corresponding GROUP BY",
            node.place,
        )
    return self.grouped.grouping(node)


def _json_path(self: Expressions, node: n.JsonPathCall) -> Value:
    return self.query.json_path_call(self, node)


def _lambda(_: Expressions, node: n.Lambda) -> Value:
    fail("SYNTAX_ERROR", "Lambda expression should always be used inside a function", node.place)


_HANDLERS: dict[type[n.Expr], Callable[..., Value]] = {
    n.Literal: _literal,
    n.IntervalLiteral: _interval,
    n.Ref: _ref,
    n.Field: _field,
    n.Subscript: _subscript,
    n.Unary: _unary,
    n.Binary: _binary,
    n.IsNull: _is_null,
    n.Between: _between,
    n.InList: _in_list,
    n.InQuery: _in_query,
    n.Quantified: _quantified,
    n.Like: _like,
    n.Exists: _exists,
    n.Scalar: _scalar,
    n.Case: _case,
    n.Cast: _cast,
    n.AtZone: _at_zone,
    n.ArrayExpr: _array,
    n.RowExpr: _row,
    n.Lambda: _lambda,
    n.Call: _call,
    n.Grouping: _grouping,
    n.JsonPathCall: _json_path,
}
