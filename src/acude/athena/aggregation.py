"""GROUP BY: which expressions stand for a group, and the aggregates that a SELECT asks for."""

from itertools import product
from typing import TYPE_CHECKING

from acude.athena import nodes as n
from acude.athena import types
from acude.athena.errors import QueryError, fail, unsupported
from acude.athena.types import INTEGER, Type
from acude.athena.value import Value

if TYPE_CHECKING:
    from acude.athena.expressions import Expressions

MOST_SETS = 64


class Grouped:
    """The level above GROUP BY.

    Keys become columns g0, g1, …, aggregates a0, a1, … of one inner query, so that what stands above is plain SQL.
    """

    def __init__(self, source: "Expressions", alias: str) -> None:
        self.source = source
        self.alias = alias
        self.keys: dict[str, Value] = {}
        self.aggregates: dict[str, Value] = {}
        self.sets: list[tuple[str, ...]] | None = None

    def add_key(self, value: Value) -> str:
        """Groups by this value; gives its SQL."""
        if not types.comparable(value.type):
            fail("TYPE_MISMATCH", f"{value.type} is not comparable, and therefore cannot be used in GROUP BY")
        if value.sql not in self.keys:
            self.keys[value.sql] = Value(f"{self.alias}.g{len(self.keys)}", value.type)
        return value.sql

    def add_aggregate(self, sql: str, result: Type) -> Value:
        """Asks for an aggregate; gives the column that will hold it."""
        if sql not in self.aggregates:
            self.aggregates[sql] = Value(f"{self.alias}.a{len(self.aggregates)}", result)
        return self.aggregates[sql]

    def slot(self, node: n.Expr) -> Value | None:
        """The key's column if the node says the same as a key of GROUP BY."""
        if not self.keys or isinstance(node, n.Lambda):
            return None
        try:
            return self.keys.get(self.source.translate(node).sql)
        except QueryError:
            return None

    def grouping(self, node: n.Grouping) -> Value:
        """``grouping(a, b)``: a bit for each argument that the row's set leaves out."""
        sqls = [self.source.translate(arg).sql for arg in node.args]
        if any(sql not in self.keys for sql in sqls):
            message = "The arguments to GROUPING() must be expressions referenced by the GROUP BY"
            fail("INVALID_ARGUMENTS", message, node.place)
        return self.add_aggregate(f"CAST(GROUPING({', '.join(sqls)}) AS INTEGER)", INTEGER)

    def group_by(self, elements: tuple[n.GroupBy, ...], items: list[n.Expr | None]) -> None:
        """Takes a GROUP BY clause; ``items`` are the select list's expressions, for ordinals."""
        choices = [_element_sets(element) for element in elements]
        combined = [tuple(expr for part in combo for expr in part) for combo in product(*choices)]
        if len(combined) > MOST_SETS:
            unsupported(f"A GROUP BY of more than {MOST_SETS} sets", elements[0].place)
        sets = [tuple(dict.fromkeys(self._key(expr, items) for expr in each)) for each in combined]
        if len(sets) > 1 or any(element.kind != "SIMPLE" for element in elements) or not sets[0]:
            self.sets = sets

    def _key(self, expr: n.Expr, items: list[n.Expr | None]) -> str:
        if isinstance(expr, n.Literal) and expr.kind == "integer":
            position = int(expr.text)
            if not 1 <= position <= len(items):
                fail("INVALID_COLUMN_REFERENCE", f"GROUP BY position {position} is not in select list", expr.place)
            target = items[position - 1]
            if target is None:
                unsupported("GROUP BY with the position of a *", expr.place)
            expr = target
        return self.add_key(self.source.translate(expr))

    def sql(self, source: str, where: str) -> str:
        """The inner query."""
        columns = [f"{sql} AS {value.sql.split('.')[1]}" for sql, value in {**self.keys, **self.aggregates}.items()]
        head = f"SELECT {', '.join(columns) or '1 AS g'}{source}{where}"
        if self.sets is not None:
            return f"{head} GROUP BY GROUPING SETS ({', '.join('(' + ', '.join(each) + ')' for each in self.sets)})"
        if self.keys:
            return f"{head} GROUP BY {', '.join(self.keys)}"
        return head if self.aggregates else f"{head} GROUP BY GROUPING SETS (())"


def _element_sets(element: n.GroupBy) -> list[tuple[n.Expr, ...]]:
    if element.kind == "SIMPLE":
        return [element.sets[0]]
    if element.kind == "SETS":
        return list(element.sets)
    parts = element.sets
    if element.kind == "ROLLUP":
        return [tuple(e for part in parts[:count] for e in part) for count in range(len(parts), -1, -1)]
    if 2 ** len(parts) > MOST_SETS:
        unsupported(f"A CUBE of more than {MOST_SETS} sets", element.place)
    picks = product((True, False), repeat=len(parts))
    return [tuple(e for part, keep in zip(parts, pick, strict=True) if keep for e in part) for pick in picks]
