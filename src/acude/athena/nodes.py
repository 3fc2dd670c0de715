"""The parsed statement. Two nodes are equal when they say the same, wherever they stand."""

from dataclasses import dataclass, field

from acude.athena.errors import Place


@dataclass(frozen=True)
class Name:
    """An identifier: as written, and lower-case for comparing (Trino ignores case, even in quotes)."""

    key: str
    text: str = field(compare=False, default="")


@dataclass(frozen=True)
class Node:
    """Anything with a place in the text."""

    place: Place = field(compare=False, kw_only=True, default_factory=Place)


class Expr(Node):
    """An expression."""


@dataclass(frozen=True)
class Literal(Expr):
    """kind: null, boolean, integer, decimal, double, string, binary; or a type name for ``DATE '…'``."""

    kind: str
    text: str


@dataclass(frozen=True)
class IntervalLiteral(Expr):
    """``INTERVAL '1' MONTH``; ``sign`` is +1 or -1."""

    text: str
    sign: int
    unit: str
    to: str | None


@dataclass(frozen=True)
class Ref(Expr):
    """A column: one name, or names joined by dots."""

    parts: tuple[Name, ...]


@dataclass(frozen=True)
class Field(Expr):
    """``base.name`` where base is no plain name."""

    base: Expr
    name: Name


@dataclass(frozen=True)
class Subscript(Expr):
    """``base[index]``."""

    base: Expr
    index: Expr


@dataclass(frozen=True)
class Unary(Expr):
    """op: ``-``, ``+`` or ``NOT``."""

    op: str
    arg: Expr


@dataclass(frozen=True)
class Binary(Expr):
    """op: arithmetic, ``||``, a comparison, ``AND``, ``OR`` or ``IS DISTINCT FROM``."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True)
class IsNull(Expr):
    """``arg IS NULL``."""

    arg: Expr


@dataclass(frozen=True)
class Between(Expr):
    """``arg BETWEEN low AND high``."""

    arg: Expr
    low: Expr
    high: Expr


@dataclass(frozen=True)
class InList(Expr):
    """``arg IN (…)``."""

    arg: Expr
    items: tuple[Expr, ...]


@dataclass(frozen=True)
class InQuery(Expr):
    """``arg IN (SELECT …)``."""

    arg: Expr
    query: "Query"


@dataclass(frozen=True)
class Quantified(Expr):
    """``arg op ANY|ALL (SELECT …)``."""

    arg: Expr
    op: str
    quantifier: str
    query: "Query"


@dataclass(frozen=True)
class Like(Expr):
    """``arg LIKE pattern ESCAPE escape``."""

    arg: Expr
    pattern: Expr
    escape: Expr | None


@dataclass(frozen=True)
class Exists(Expr):
    """``EXISTS (SELECT …)``."""

    query: "Query"


@dataclass(frozen=True)
class Scalar(Expr):
    """A subquery used as a value."""

    query: "Query"


@dataclass(frozen=True)
class Case(Expr):
    """``CASE operand WHEN … THEN … ELSE … END``."""

    operand: Expr | None
    whens: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr | None


@dataclass(frozen=True)
class TypeName(Node):
    """A type as written: base name, and parameters that are numbers or types; row fields have names."""

    base: str
    params: tuple["int | TypeName", ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cast(Expr):
    """``CAST`` and ``TRY_CAST``."""

    arg: Expr
    to: TypeName
    safe: bool


@dataclass(frozen=True)
class AtZone(Expr):
    """``arg AT TIME ZONE zone``."""

    arg: Expr
    zone: Expr


@dataclass(frozen=True)
class ArrayExpr(Expr):
    """``ARRAY[…]``."""

    items: tuple[Expr, ...]


@dataclass(frozen=True)
class RowExpr(Expr):
    """``ROW(…)`` or ``(a, b)``."""

    items: tuple[Expr, ...]


@dataclass(frozen=True)
class Lambda(Expr):
    """``(x, y) -> body``."""

    params: tuple[Name, ...]
    body: Expr


@dataclass(frozen=True)
class Grouping(Expr):
    """``grouping(a, b)``."""

    args: tuple[Expr, ...]


@dataclass(frozen=True)
class JsonPathCall(Expr):
    """``json_value``, ``json_query`` or ``json_exists`` with its clauses."""

    function: str
    arg: Expr
    path: str
    returning: TypeName | None = None


@dataclass(frozen=True)
class SortKey(Node):
    """One item of ORDER BY. ``nulls_first`` is None where the query doesn't say."""

    expr: Expr
    descending: bool = False
    nulls_first: bool | None = None


@dataclass(frozen=True)
class Bound(Node):
    """A frame's end: ``UNBOUNDED PRECEDING``, ``CURRENT ROW``, ``n FOLLOWING``."""

    kind: str
    value: Expr | None = None


@dataclass(frozen=True)
class Window(Node):
    """``OVER (PARTITION BY … ORDER BY … frame)``, or the name of one."""

    name: Name | None = None
    partition: tuple[Expr, ...] = ()
    order: tuple[SortKey, ...] = ()
    unit: str | None = None
    start: Bound | None = None
    end: Bound | None = None


@dataclass(frozen=True)
class Call(Expr):
    """A function call with all that may follow it."""

    name: str
    args: tuple[Expr, ...]
    distinct: bool = False
    star: bool = False
    order: tuple[SortKey, ...] = ()
    within: tuple[SortKey, ...] = ()
    where: Expr | None = None
    ignore_nulls: bool = False
    over: Window | None = None


@dataclass(frozen=True)
class SelectItem(Node):
    """An expression with its alias; ``*`` has neither expression nor alias; ``t.*`` has a qualifier."""

    expr: Expr | None
    alias: Name | None = None
    qualifier: tuple[Name, ...] = ()


class Relation(Node):
    """Anything in FROM."""


@dataclass(frozen=True)
class TableRef(Relation):
    """A table or a WITH query by name."""

    parts: tuple[Name, ...]


@dataclass(frozen=True)
class Subquery(Relation):
    """``(SELECT …)`` in FROM."""

    query: "Query"
    lateral: bool = False


@dataclass(frozen=True)
class Unnest(Relation):
    """``UNNEST(…) WITH ORDINALITY``."""

    args: tuple[Expr, ...]
    ordinality: bool


@dataclass(frozen=True)
class Aliased(Relation):
    """``relation AS name (columns)``."""

    relation: Relation
    alias: Name
    columns: tuple[Name, ...]


@dataclass(frozen=True)
class Join(Relation):
    """kind: CROSS, INNER, LEFT, RIGHT or FULL."""

    kind: str
    left: Relation
    right: Relation
    on: Expr | None = None
    using: tuple[Name, ...] = ()


@dataclass(frozen=True)
class GroupBy(Node):
    """kind: SIMPLE, ROLLUP, CUBE or SETS; each set is a tuple of expressions."""

    kind: str
    sets: tuple[tuple[Expr, ...], ...]


@dataclass(frozen=True)
class Select(Node):
    """One SELECT without ORDER BY."""

    items: tuple[SelectItem, ...]
    distinct: bool
    source: Relation | None
    where: Expr | None
    group: tuple[GroupBy, ...] | None
    group_distinct: bool
    having: Expr | None
    windows: tuple[tuple[Name, Window], ...]


@dataclass(frozen=True)
class Values(Node):
    """``VALUES a, (b, c)``."""

    rows: tuple[Expr, ...]


@dataclass(frozen=True)
class SetOp(Node):
    """op: UNION, INTERSECT or EXCEPT."""

    op: str
    distinct: bool
    left: "Body"
    right: "Body"


@dataclass(frozen=True)
class With(Node):
    """One named query of WITH."""

    name: Name
    columns: tuple[Name, ...]
    query: "Query"


@dataclass(frozen=True)
class Query(Node):
    """A body with WITH, ORDER BY, OFFSET and LIMIT."""

    body: "Body"
    ctes: tuple[With, ...] = ()
    recursive: bool = False
    order: tuple[SortKey, ...] = ()
    offset: Expr | None = None
    limit: Expr | None = None
    with_ties: bool = False


Body = Select | Values | SetOp | Query | TableRef
