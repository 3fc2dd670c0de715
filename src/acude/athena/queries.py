"""Translates a whole query: WITH, set operations, ORDER BY, LIMIT, subqueries."""

from collections.abc import Callable
from dataclasses import dataclass, field

from acude.athena import nodes as n
from acude.athena import operators, types
from acude.athena.casts import cast
from acude.athena.errors import Place, fail, unsupported
from acude.athena.expressions import Expressions
from acude.athena.json_text import path_steps
from acude.athena.scope import Column, Output, Plan, Scope, Table
from acude.athena.selects import SelectTranslator, order_clause
from acude.athena.types import BOOLEAN, FLOATS, VARCHAR
from acude.athena.value import Value, coerce, quote, raises

FindTable = Callable[[tuple[n.Name, ...], Place], Table]
MOST_STEPS = 10
"""Trino's max_recursion_depth."""


@dataclass
class Cte:
    """A WITH query: its name in DuckDB, its columns, and the aliases under which it was read."""

    sql_name: str
    outputs: tuple[Output, ...]
    references: list[str] = field(default_factory=list)
    recursive: bool = False


class Translator:
    """Translates one statement.

    Args:
        find_table: Looks a table up; raises TABLE_NOT_FOUND and the like.
    """

    def __init__(self, find_table: FindTable) -> None:
        self._find_table = find_table
        self._aliases = 0
        self._ctes: list[dict[str, Cte]] = []
        self._hoisted: list[str] = []
        self.active: list[Expressions] = []

    def statement(self, query: n.Query) -> Plan:
        """The whole statement.

        Raises:
            QueryError: Where Athena would refuse it, or this endpoint does.
        """
        plan = self.plan(query, None)
        if not self._hoisted:
            return plan
        return Plan(f"WITH RECURSIVE {', '.join(self._hoisted)} {plan.sql}", plan.outputs)

    def alias(self) -> str:
        """A new name for a relation."""
        self._aliases += 1
        return f"r{self._aliases}"

    def cte(self, parts: tuple[n.Name, ...]) -> Cte | None:
        """The WITH query of that name, innermost first."""
        if len(parts) == 1:
            for frame in reversed(self._ctes):
                if parts[0].key in frame:
                    return frame[parts[0].key]
        return None

    def table(self, parts: tuple[n.Name, ...], place: Place) -> Table:
        """A table of the catalogue."""
        return self._find_table(parts, place)

    def plan(self, query: n.Query, parent: Scope | None) -> Plan:
        """A query; ``parent`` is the scope around a correlated one."""
        self._ctes.append({})
        try:
            for cte in query.ctes:
                self._define(cte, recursive=query.recursive)
            return self._ordered(query, parent)
        finally:
            self._ctes.pop()

    def _ordered(self, query: n.Query, parent: Scope | None) -> Plan:
        if query.with_ties:
            unsupported("FETCH FIRST … WITH TIES", query.place)
        limits = "".join(
            f" {word} {int(count.text)}"
            for word, count in (("LIMIT", query.limit), ("OFFSET", query.offset))
            if isinstance(count, n.Literal)
        )
        if isinstance(query.body, n.Select):
            return SelectTranslator(self, query.body, parent).plan(query.order, limits)
        plan = self._body(query.body, parent)
        if not query.order and not limits:
            return plan
        alias = self.alias()
        columns = [Column(out.name, Value(f"{alias}.c{i}", out.type)) for i, out in enumerate(plan.outputs)]
        exprs = Expressions(self, Scope(columns, parent), clause="ORDER BY")
        order = self.sort_sql(exprs, query.order, [column.value for column in columns]) if query.order else ""
        clause = f" ORDER BY {order}" if order else ""
        names = ", ".join(f"{alias}.c{i}" for i in range(len(columns)))
        return Plan(f"SELECT {names} FROM ({plan.sql}) AS {alias}{clause}{limits}", plan.outputs)  # noqa: S608

    def _body(self, body: n.Body, parent: Scope | None) -> Plan:
        if isinstance(body, n.Query):
            return self.plan(body, parent)
        if isinstance(body, n.Select):
            return SelectTranslator(self, body, parent).plan((), "")
        if isinstance(body, n.Values):
            return self._values(body, parent)
        if isinstance(body, n.TableRef):
            star = n.Select((n.SelectItem(None),), False, body, None, None, False, None, (), place=body.place)
            return SelectTranslator(self, star, parent).plan((), "")
        return self._set_operation(body, parent)

    def _values(self, body: n.Values, parent: Scope | None) -> Plan:
        exprs = Expressions(self, Scope([], parent), clause="VALUES")
        rows = [
            [exprs.translate(e) for e in (row.items if isinstance(row, n.RowExpr) else (row,))] for row in body.rows
        ]
        if len({len(row) for row in rows}) > 1:
            fail("TYPE_MISMATCH", "Values rows have mismatched sizes", body.place)
        columns = []
        for index in range(len(rows[0])):
            common = types.common_all([row[index].type for row in rows])
            if common is None:
                fail("TYPE_MISMATCH", f"Values rows have mismatched types in column {index + 1}", body.place)
            columns.append(common)
        lines = ", ".join(
            f"({', '.join(coerce(value, kind).sql for value, kind in zip(row, columns, strict=True))})" for row in rows
        )
        alias = self.alias()
        names = ", ".join(f"c{index}" for index in range(len(columns)))
        outputs = tuple(Output(None, kind) for kind in columns)
        selected = ", ".join(f"CAST({alias}.c{i} AS {kind.duck}) AS c{i}" for i, kind in enumerate(columns))
        return Plan(f"SELECT {selected} FROM (VALUES {lines}) AS {alias}({names})", outputs)  # noqa: S608

    def _set_operation(self, body: n.SetOp, parent: Scope | None) -> Plan:
        left, right = self._body(body.left, parent), self._body(body.right, parent)
        if len(left.outputs) != len(right.outputs):
            message = f"{body.op} query has different number of fields: {len(left.outputs)}, {len(right.outputs)}"
            fail("TYPE_MISMATCH", message, body.place)
        kinds = []
        for index, (a, b) in enumerate(zip(left.outputs, right.outputs, strict=True)):
            common = types.common(a.type, b.type)
            if common is None:
                message = f"column {index + 1} in {body.op} query has incompatible types: {a.type}, {b.type}"
                fail("TYPE_MISMATCH", message, body.place)
            kinds.append(common)
        outputs = tuple(Output(a.name, kind) for a, kind in zip(left.outputs, kinds, strict=True))
        op = body.op + ("" if body.distinct else " ALL")
        return Plan(f"{self._widened(left, outputs)} {op} {self._widened(right, outputs)}", outputs)

    def _widened(self, plan: Plan, outputs: tuple[Output, ...]) -> str:
        alias = self.alias()
        columns = [
            f"{coerce(Value(f'{alias}.c{i}', own.type), out.type).sql} AS c{i}"
            for i, (own, out) in enumerate(zip(plan.outputs, outputs, strict=True))
        ]
        return f"(SELECT {', '.join(columns)} FROM ({plan.sql}) AS {alias})"  # noqa: S608

    def _define(self, cte: n.With, *, recursive: bool) -> None:
        frame = self._ctes[-1]
        if cte.name.key in frame:
            fail("DUPLICATE_NAMED_QUERY", f"WITH query name '{cte.name.text}' specified more than once", cte.place)
        name = f"w{self._aliases}_{len(self._hoisted)}"
        self._aliases += 1
        if recursive and isinstance(cte.query.body, n.SetOp) and cte.query.body.op == "UNION":
            self._recursive(cte, cte.query.body, name)
            return
        plan = self.plan(cte.query, None)
        outputs = _renamed(plan.outputs, cte)
        columns = ", ".join(f"c{i}" for i in range(len(outputs)))
        self._hoisted.append(f"{name}({columns}) AS NOT MATERIALIZED ({plan.sql})")
        frame[cte.name.key] = Cte(name, outputs)

    def _recursive(self, cte: n.With, body: n.SetOp, name: str) -> None:
        """Counts the steps in a column of its own: Trino gives up after ten."""
        if body.distinct:
            fail("NOT_SUPPORTED", "UNION DISTINCT is not supported in a recursive query", cte.place)
        if not cte.columns:
            fail("MISSING_COLUMN_ALIASES", "missing column aliases in recursive query", cte.place)
        base = self._body(body.left, None)
        outputs = _renamed(base.outputs, cte)
        entry = Cte(name, outputs, recursive=True)
        self._ctes[-1][cte.name.key] = entry
        if not isinstance(body.right, n.Select) or body.right.group or body.right.distinct:
            unsupported("A recursive step that is no plain SELECT", cte.place)
        step = SelectTranslator(self, body.right, None, counting=entry.references).plan((), "")
        if len(entry.references) != 1:
            unsupported("A recursive step that reads its query not exactly once", cte.place)
        if len(step.outputs) != len(outputs):
            fail("TYPE_MISMATCH", "base and step relations of recursion have different number of fields", cte.place)
        for a, b in zip(step.outputs, outputs, strict=True):
            if not types.coercible(a.type, b.type):
                message = f"recursion step relation output type ({a.type}) is not coercible to {b.type}"
                fail("TYPE_MISMATCH", message, cte.place)
        self._hoisted.append(_recursive_sql(name, self.alias(), base, step, outputs))

    def subquery(self, query: n.Query, around: Expressions) -> Plan:
        """A subquery inside an expression."""
        self.active.append(around)
        try:
            return self.plan(query, around.scope)
        finally:
            self.active.pop()

    def outer(self, scope: Scope, node: n.Ref, value: Value) -> Value:
        """A column of an outer query, seen from a subquery: above GROUP BY it must be a key."""
        for exprs in reversed(self.active):
            if exprs.scope is scope and exprs.grouped is not None:
                slot = exprs.grouped.slot(node)
                if slot is None:
                    message = f"'{node.parts[-1].text}' must be an aggregate expression or appear in GROUP BY clause"
                    fail("EXPRESSION_NOT_AGGREGATE", message, node.place)
                return slot
            if exprs.scope is scope:
                return value
        return value

    def compare_with_query(  # noqa: PLR0917
        self, exprs: Expressions, arg: n.Expr, op: str, quantifier: str, query: n.Query, place: Place
    ) -> Value:
        """``arg op ANY|ALL (query)``."""
        value, plan = exprs.translate(arg), self.subquery(query, exprs)
        if len(plan.outputs) != 1 or value.type.kind == "row":
            unsupported("Comparing several columns with a subquery", place)
        inner = Value("q.c0", plan.outputs[0].type)
        operators.compare(op, value, inner, place)
        common = types.common(value.type.with_zone("UTC"), inner.type.with_zone("UTC"))
        if common is None or common.items or (common.kind in FLOATS and (op, quantifier) != ("=", "ANY")):
            unsupported(f"Comparing {value.type} with a subquery by {op} {quantifier}", place)
        left = coerce(value, common).sql
        column = coerce(inner, common).sql
        source = f"(SELECT {column} FROM ({plan.sql}) AS q)"  # noqa: S608
        if common.kind in FLOATS:
            return Value(f"({left} IN {source} AND NOT isnan({left}))", BOOLEAN)
        return Value(f"({left} {op} {quantifier} {source})", BOOLEAN)

    def sort_sql(self, exprs: Expressions, keys: tuple[n.SortKey, ...], outputs: list[Value] | None = None) -> str:
        """ORDER BY's keys as SQL; an integer literal is a position where there are outputs."""
        return ", ".join(f"{value.sql} {how}" for value, how in order_clause(exprs, keys, outputs))

    def order_inside(self, exprs: Expressions, keys: tuple[n.SortKey, ...]) -> str:
        """The ORDER BY inside an aggregate's brackets."""
        return f" ORDER BY {self.sort_sql(exprs, keys)}" if keys else ""

    def json_path_call(self, exprs: Expressions, node: n.JsonPathCall) -> Value:
        """``json_value``, ``json_query`` and ``json_exists`` over a plain lax path."""
        value = exprs.translate(node.arg)
        if value.type.kind not in {"varchar", "unknown"}:
            fail("TYPE_MISMATCH", f"Cannot read input of type {value.type} as JSON", node.place)
        mode, _, path = node.path.strip().partition(" ")
        if mode != "lax" or path_steps(path.strip()) is None:
            unsupported(f"The JSON path '{node.path}'", node.place)
        sql = f"acude_{node.function}({coerce(value, VARCHAR).sql if value.null else value.sql}, {quote(node.path)})"
        if node.function == "json_exists":
            return Value(sql, BOOLEAN, value.constant)
        found = Value(sql, VARCHAR, value.constant)
        return found if node.returning is None else cast(found, types.resolve(node.returning), node.place, safe=True)


def _renamed(outputs: tuple[Output, ...], cte: n.With) -> tuple[Output, ...]:
    if not cte.columns:
        return outputs
    if len(cte.columns) != len(outputs):
        message = f"Column alias list has {len(cte.columns)} entries but WITH query has {len(outputs)} columns"
        fail("MISMATCHED_COLUMN_ALIASES", message, cte.place)
    return tuple(Output(name, out.type) for name, out in zip(cte.columns, outputs, strict=True))


def _recursive_sql(name: str, alias: str, base: Plan, step: Plan, outputs: tuple[Output, ...]) -> str:
    deep = raises(
        "NOT_SUPPORTED",
        f"Recursion depth limit exceeded ({MOST_STEPS}). "
        "Use 'max_recursion_depth' session property to modify the limit.",
    )
    names = ", ".join(f"c{i}" for i in range(len(outputs)))
    widened = ", ".join(
        coerce(Value(f"{alias}.c{i}", own.type), out.type).sql
        for i, (own, out) in enumerate(zip(step.outputs, outputs, strict=True))
    )
    steps = f"CASE WHEN {alias}.steps >= {MOST_STEPS} THEN {deep} ELSE {alias}.steps END"
    return (
        f"{name}(steps, {names}) AS (SELECT 0, {names} FROM ({base.sql}) AS {alias} "  # noqa: S608
        f"UNION ALL SELECT {steps}, {widened} FROM ({step.sql}) AS {alias})"
    )
