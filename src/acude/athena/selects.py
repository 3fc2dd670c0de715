"""One SELECT: source, filter, groups, windows, distinct, order."""

from typing import TYPE_CHECKING

from acude.athena import nodes as n
from acude.athena import types
from acude.athena.aggregation import Grouped
from acude.athena.errors import fail, unsupported
from acude.athena.expressions import Expressions
from acude.athena.parse_expression import simple_name
from acude.athena.relations import Relations
from acude.athena.scope import Column, Output, Plan, Scope
from acude.athena.value import Value
from acude.athena.walk import has_aggregate

if TYPE_CHECKING:
    from acude.athena.queries import Translator


def sort_direction(key: n.SortKey) -> str:
    """ASC or DESC with nulls last unless said otherwise, as in Trino."""
    nulls = "NULLS FIRST" if key.nulls_first else "NULLS LAST"
    return f"{'DESC' if key.descending else 'ASC'} {nulls}"


def order_clause(
    exprs: Expressions, keys: tuple[n.SortKey, ...], outputs: list[Value] | None
) -> list[tuple[Value, str]]:
    """Each key's value and direction."""
    found = []
    for key in keys:
        expr = key.expr
        if outputs is not None and isinstance(expr, n.Literal) and expr.kind == "integer":
            if not 1 <= int(expr.text) <= len(outputs):
                message = f"ORDER BY position {expr.text} is not in select list"
                fail("INVALID_COLUMN_REFERENCE", message, expr.place)
            value = outputs[int(expr.text) - 1]
        else:
            value = exprs.translate(expr)
        if value.type.items:
            unsupported(f"ORDER BY a value of the type {value.type}", key.place)
        if not types.orderable(value.type):
            message = f"Type {value.type} is not orderable, and therefore cannot be used in ORDER BY"
            fail("TYPE_MISMATCH", message, key.place)
        found.append((value, sort_direction(key)))
    return found


class SelectTranslator:
    """Translates one SELECT together with the ORDER BY and LIMIT of its query.

    ``counting`` holds the alias under which a recursive step reads its own query: its steps are counted.
    """

    def __init__(
        self, query: "Translator", node: n.Select, parent: Scope | None, *, counting: list[str] | None = None
    ) -> None:
        self.query = query
        self.counting = counting
        self.node = node
        self.parent = parent
        self.columns: list[Column] = []

    def plan(self, order: tuple[n.SortKey, ...], limits: str) -> Plan:
        """The SELECT with its ORDER BY and LIMIT."""
        node = self.node
        source = self._source()
        scope = Scope(self.columns, self.parent)
        base = Expressions(self.query, scope)
        where = ""
        if node.where:
            filters = Expressions(self.query, scope, clause="WHERE clause")
            where = f" WHERE {filters.conjunction(node.where, 'WHERE clause')}"
        grouped = self._grouped(base, order)
        exprs = Expressions(self.query, scope, grouped=grouped)
        exprs.windows = {name.key: window for name, window in node.windows}
        items = self._items(exprs)
        values = [value for _, value in items]
        exprs_having = ""
        if node.having:
            above = Expressions(self.query, scope, grouped=grouped)
            exprs_having = f" WHERE {above.boolean(node.having, 'HAVING clause').sql}"
        exprs.outputs = _named(items)
        keys = order_clause(exprs, order, values)
        if grouped is not None:
            source = f" FROM ({grouped.sql(source, where)}) AS {grouped.alias}"
            where = exprs_having
        outputs = tuple(Output(name, value.type) for name, value in items)
        return Plan(self._assemble(values, keys, f"{source}{where}", limits), outputs)

    def _source(self) -> str:
        if self.node.source is None:
            return ""
        sql, self.columns = Relations(self.query, self.parent).build(self.node.source, [])
        return f" FROM {sql}"

    def _grouped(self, base: Expressions, order: tuple[n.SortKey, ...]) -> Grouped | None:
        node = self.node
        exprs = [item.expr for item in node.items]
        if node.group is None and node.having is None and not has_aggregate(*exprs, *order):
            return None
        if node.group_distinct:
            unsupported("GROUP BY DISTINCT", node.place)
        grouped = Grouped(base, self.query.alias())
        if node.group:
            base.clause = "GROUP BY clause"
            grouped.group_by(node.group, list(exprs))
            base.clause = ""
        return grouped

    def _items(self, exprs: Expressions) -> list[tuple[n.Name | None, Value]]:
        found: list[tuple[n.Name | None, Value]] = []
        for item in self.node.items:
            if item.expr is None:
                found += self._star(item, exprs)
            else:
                found.append((item.alias or simple_name(item.expr), exprs.translate(item.expr)))
        return found

    def _star(self, item: n.SelectItem, exprs: Expressions) -> list[tuple[n.Name | None, Value]]:
        before = tuple(name.key for name in item.qualifier)
        chosen = [c for c in self.columns if not before or c.qualifier[-len(before) :] == before]
        if self.node.source is None:
            fail("COLUMN_NOT_FOUND", "SELECT * not allowed in queries without FROM clause", item.place)
        if not chosen:
            name = ".".join(part.text for part in item.qualifier)
            fail("TABLE_NOT_FOUND", f"Unable to resolve reference {name}", item.place)
        if exprs.grouped is None:
            return [(column.name, column.value) for column in chosen]
        values = []
        for column in chosen:
            slot = exprs.grouped.keys.get(column.value.sql)
            if slot is None:
                name = column.name.text if column.name else "?"
                message = f"'{name}' must be an aggregate expression or appear in GROUP BY clause"
                fail("EXPRESSION_NOT_AGGREGATE", message, item.place)
            values.append((column.name, slot))
        return values

    def _assemble(self, values: list[Value], keys: list[tuple[Value, str]], source: str, limits: str) -> str:
        for value in values:
            if self.node.distinct and not types.comparable(value.type):
                fail(
                    "TYPE_MISMATCH", f"DISTINCT can only be applied to comparable types: {value.type}", self.node.place
                )
        selected = [f"{value.sql} AS c{i}" for i, value in enumerate(values)]
        if self.counting is not None:
            selected.append(f"{self.counting[-1] if self.counting else 'nothing'}.steps + 1 AS steps")
        distinct = "DISTINCT " if self.node.distinct else ""
        if not keys:
            return f"SELECT {distinct}{', '.join(selected)}{source}{limits}"
        order = []
        known = {value.sql: i for i, value in reversed(list(enumerate(values)))}
        for index, (value, how) in enumerate(keys):
            if value.sql in known:
                order.append(f"c{known[value.sql]} {how}")
            elif self.node.distinct:
                message = "For SELECT DISTINCT, ORDER BY expressions must appear in select list"
                fail("EXPRESSION_NOT_IN_DISTINCT", message, self.node.place)
            else:
                selected.append(f"{value.sql} AS s{index}")
                order.append(f"s{index} {how}")
        alias = self.query.alias()
        names = ", ".join(f"{alias}.c{i}" for i in range(len(values)))
        inner = f"SELECT {distinct}{', '.join(selected)}{source}"
        return f"SELECT {names} FROM ({inner}) AS {alias} ORDER BY {', '.join(order)}{limits}"  # noqa: S608


def _named(items: list[tuple[n.Name | None, Value]]) -> dict[str, list[Value]]:
    names: dict[str, list[Value]] = {}
    for name, value in items:
        if name is not None:
            names.setdefault(name.key, []).append(value)
    return names
