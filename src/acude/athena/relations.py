"""FROM: tables, subqueries, joins, UNNEST. Every relation gets an alias of its own and columns c0, c1 and so on."""

from datetime import timedelta
from typing import TYPE_CHECKING

from acude.athena import nodes as n
from acude.athena import operators, types
from acude.athena.casts import round_time
from acude.athena.errors import Place, fail, unsupported
from acude.athena.expressions import Expressions
from acude.athena.scope import Column, Plan, Scope
from acude.athena.types import BIGINT, Type
from acude.athena.value import Prune, Value, coerce

if TYPE_CHECKING:
    from acude.athena.queries import Translator

Built = tuple[str, list[Column]]
_HALF = timedelta(milliseconds=1)


def lake_value(sql: str, kind: Type) -> Value:
    """A lake column as Athena sees it: a Delta timestamp is rounded to milliseconds."""
    if kind.kind != "timestamptz":
        return Value(sql, kind)
    return Value(round_time(sql, "timestamptz", 3), kind, prune=Prune(sql, _HALF, _HALF))


class Relations:
    """Builds FROM clauses."""

    def __init__(self, query: "Translator", parent: Scope | None) -> None:
        self.query = query
        self.parent = parent

    def build(self, node: n.Relation, left: list[Column]) -> Built:
        """A relation's SQL and columns.

        Args:
            node: The relation.
            left: Columns to its left, which UNNEST and LATERAL see.
        """
        if isinstance(node, n.TableRef):
            return self._table(node)
        if isinstance(node, n.Aliased):
            return self._aliased(node, left)
        if isinstance(node, n.Join):
            return self._join(node, left)
        if isinstance(node, n.Unnest):
            return self._unnest(node, left)
        if isinstance(node, n.Subquery):
            scope = Scope(left, self.parent) if node.lateral else self.parent
            sql, columns = self._wrapped(self.query.plan(node.query, scope))
            return (f"LATERAL {sql}" if node.lateral else sql), columns
        return unsupported("Such a relation", node.place)

    def _wrapped(self, plan: Plan) -> Built:
        alias = self.query.alias()
        columns = [Column(out.name, Value(f"{alias}.c{i}", out.type)) for i, out in enumerate(plan.outputs)]
        return f"({plan.sql}) AS {alias}", columns

    def _table(self, node: n.TableRef) -> Built:
        alias = self.query.alias()
        cte = self.query.cte(node.parts)
        if cte is not None:
            cte.references.append(alias)
            return f"{cte.sql_name} AS {alias}", [
                Column(out.name, Value(f"{alias}.c{i}", out.type), (node.parts[-1].key,))
                for i, out in enumerate(cte.outputs)
            ]
        table = self.query.table(node.parts, node.place)
        selected = ", ".join(f"{sql} AS c{i}" for i, (_, sql, _) in enumerate(table.columns))
        columns = [
            Column(name, lake_value(f"{alias}.c{i}", kind), table.parts)
            for i, (name, _, kind) in enumerate(table.columns)
        ]
        return f"(SELECT {selected} FROM {table.source}) AS {alias}", columns  # noqa: S608

    def _aliased(self, node: n.Aliased, left: list[Column]) -> Built:
        sql, columns = self.build(node.relation, left)
        names = [column.name for column in columns]
        if node.columns:
            if len(node.columns) != len(columns):
                message = (
                    f"Column alias list has {len(node.columns)} entries but "
                    f"'{node.alias.text}' has {len(columns)} columns available"
                )
                fail("MISMATCHED_COLUMN_ALIASES", message, node.place)
            names = list(node.columns)
        qualifier = (node.alias.key,)
        return sql, [Column(name, column.value, qualifier) for name, column in zip(names, columns, strict=True)]

    def _unnest(self, node: n.Unnest, left: list[Column]) -> Built:
        exprs = Expressions(self.query, Scope(left, self.parent), clause="UNNEST")
        alias, inner = self.query.alias(), self.query.alias()
        parts: list[str] = []
        outputs: list[tuple[str, Type]] = []
        lengths: list[str] = []
        for index, arg in enumerate(node.args):
            value = exprs.translate(arg)
            if value.type.kind == "array":
                parts.append(f"unnest({value.sql}) AS u{index}")
                lengths.append(f"coalesce(len({value.sql}), 0)")
                outputs += _expanded(f"{inner}.u{index}", value.type.item)
            elif value.type.kind == "map":
                parts.append(f"unnest(map_keys({value.sql})) AS k{index}, unnest(map_values({value.sql})) AS v{index}")
                lengths.append(f"coalesce(cardinality({value.sql}), 0)")
                outputs += [(f"{inner}.k{index}", value.type.items[0]), (f"{inner}.v{index}", value.type.items[1])]
            else:
                fail("INVALID_FUNCTION_ARGUMENT", f"Cannot unnest type: {value.type}", node.place)
        if node.ordinality:
            most = lengths[0] if len(lengths) == 1 else f"greatest({', '.join(lengths)})"
            parts.append(f"unnest(generate_series(CAST(1 AS BIGINT), CAST({most} AS BIGINT))) AS n")
            outputs.append((f"{inner}.n", BIGINT))
        selected = ", ".join(f"{sql} AS c{i}" for i, (sql, _) in enumerate(outputs))
        sql = f"LATERAL (SELECT {selected} FROM (SELECT {', '.join(parts)}) AS {inner}) AS {alias}"  # noqa: S608
        return sql, [Column(None, Value(f"{alias}.c{i}", kind)) for i, (_, kind) in enumerate(outputs)]

    def _join(self, node: n.Join, left: list[Column]) -> Built:
        left_sql, left_columns = self.build(node.left, left)
        seen = [*left, *left_columns]
        right_sql, right_columns = self.build(node.right, seen)
        both = [*left_columns, *right_columns]
        if node.kind == "CROSS":
            return f"{left_sql} CROSS JOIN {right_sql}", both
        lateral = right_sql.startswith("LATERAL ")
        if lateral and not (node.kind in {"INNER", "LEFT"} and _is_true(node.on)):
            unsupported("UNNEST or LATERAL in such a join (write CROSS JOIN, or LEFT JOIN … ON TRUE)", node.place)
        if node.using:
            on, both = self._using(node, left_columns, right_columns)
        else:
            exprs = Expressions(self.query, Scope(both, self.parent), clause="JOIN clause")
            on = exprs.conjunction(node.on, "JOIN ON clause") if node.on else "TRUE"
        right = f"({right_sql})" if isinstance(node.right, n.Join) else right_sql
        return f"{left_sql} {node.kind} JOIN {right} ON {on}", both

    def _using(self, node: n.Join, left: list[Column], right: list[Column]) -> tuple[str, list[Column]]:
        conditions, merged = [], []
        keys = {name.key for name in node.using}
        for name in node.using:
            a, b = _only(name, left, node.place), _only(name, right, node.place)
            test = operators.compare("=", a.value, b.value, node.place)
            common = types.common(a.value.type, b.value.type)
            if common is None:
                fail("TYPE_MISMATCH", f"Column types of '{name.text}' do not match", node.place)
            x, y = coerce(a.value, common).sql, coerce(b.value, common).sql
            shown = {"RIGHT": y, "FULL": f"coalesce({x}, {y})"}.get(node.kind, x)
            conditions.append(test.sql)
            merged.append(Column(a.name, Value(shown, common)))
        rest = [column for column in (*left, *right) if column.name is None or column.name.key not in keys]
        return " AND ".join(conditions), [*merged, *rest]


def _expanded(sql: str, item: Type) -> list[tuple[str, Type]]:
    """UNNEST of an array of rows gives a column for each field."""
    if item.kind != "row":
        return [(sql, item)]
    return [(f"({sql}).f{index}", kind) for index, kind in enumerate(item.items)]


def _is_true(node: n.Expr | None) -> bool:
    return isinstance(node, n.Literal) and node.kind == "boolean" and node.text == "true"


def _only(name: n.Name, columns: list[Column], place: Place) -> Column:
    found = [column for column in columns if column.name is not None and column.name.key == name.key]
    if not found:
        fail("COLUMN_NOT_FOUND", f"Column '{name.text}' is missing from one side of the join", place)
    if len(found) > 1:
        fail("AMBIGUOUS_NAME", f"Column '{name.text}' is ambiguous", place)
    return found[0]
