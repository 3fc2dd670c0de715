"""OVER clauses."""

from typing import TYPE_CHECKING

from acude.athena import nodes as n
from acude.athena import types
from acude.athena.errors import Place, fail, unsupported
from acude.athena.types import INTEGERS

if TYPE_CHECKING:
    from acude.athena.expressions import Expressions

_NO_FRAME = {"rank", "dense_rank", "row_number", "ntile", "percent_rank", "cume_dist", "lag", "lead"}
_NEEDS_ORDER = {"lag", "lead"}


def over_clause(exprs: "Expressions", node: n.Call) -> str:
    """``OVER (…)`` as DuckDB takes it."""
    window = resolve(exprs, node.over or n.Window(), node.place)
    if node.name in _NO_FRAME and window.unit:
        fail("INVALID_WINDOW_FRAME", f"Cannot specify window frame for {node.name} function", node.place)
    if node.name in _NEEDS_ORDER and not window.order:
        fail("MISSING_ORDER_BY", f"{node.name} function requires an ORDER BY window clause", node.place)
    parts = []
    if window.partition:
        values = [exprs.translate(part) for part in window.partition]
        parts.append(f"PARTITION BY {', '.join(value.sql for value in values)}")
    if window.order:
        parts.append(f"ORDER BY {exprs.query.sort_sql(exprs, window.order)}")
    if window.unit:
        parts.append(_frame(exprs, window))
    return f"OVER ({' '.join(parts)})"


def resolve(exprs: "Expressions", window: n.Window, place: Place) -> n.Window:
    """A named window's definition, with what was added to it."""
    if window.name is None:
        return window
    base = exprs.windows.get(window.name.key)
    if base is None:
        fail("INVALID_WINDOW_REFERENCE", f"Cannot resolve WINDOW name {window.name.text}", place)
    base = resolve(exprs, base, place)
    if window.partition or (window.order and base.order) or (base.unit and window.order):
        fail("INVALID_PARTITION_BY", "A named window cannot be given another PARTITION BY, ORDER BY or frame", place)
    return n.Window(
        None,
        base.partition,
        window.order or base.order,
        window.unit or base.unit,
        window.start or base.start,
        window.end or base.end,
        place=window.place,
    )


def _frame(exprs: "Expressions", window: n.Window) -> str:
    if window.unit == "GROUPS" and not window.order:
        fail("MISSING_ORDER_BY", "Window frame of type GROUPS requires ORDER BY", window.place)
    start = window.start or n.Bound("CURRENT ROW")
    end = window.end or n.Bound("CURRENT ROW")
    order = ["UNBOUNDED PRECEDING", "PRECEDING", "CURRENT ROW", "FOLLOWING", "UNBOUNDED FOLLOWING"]
    if start.kind == order[4] or end.kind == order[0] or order.index(start.kind) > order.index(end.kind):
        fail("INVALID_WINDOW_FRAME", f"Window frame cannot start at {start.kind} and end at {end.kind}", window.place)
    return f"{window.unit} BETWEEN {_bound(exprs, window, start)} AND {_bound(exprs, window, end)}"


def _bound(exprs: "Expressions", window: n.Window, bound: n.Bound) -> str:
    if bound.value is None:
        return bound.kind
    value = exprs.translate(bound.value)
    if window.unit in {"ROWS", "GROUPS"}:
        if value.number is None or value.type.kind not in INTEGERS or value.number < 0:
            unsupported("A window frame whose size is no literal integer", bound.place)
        return f"{value.number} {bound.kind}"
    if len(window.order) != 1:
        fail("INVALID_ORDER_BY", "Window frame of type RANGE with a value requires one ORDER BY key", bound.place)
    key = exprs.translate(window.order[0].expr)
    if key.type.kind in {*INTEGERS, "decimal"} and value.number is not None:
        return f"{value.number} {bound.kind}"
    if key.type.kind in types.TIMES and value.type.kind == "interval_day" and value.constant:
        return f"to_milliseconds({value.sql}) {bound.kind}"
    return unsupported("A window frame of type RANGE with such a value", bound.place)
