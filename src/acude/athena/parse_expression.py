"""Trino's expressions, by recursive descent over its grammar's levels."""

from abc import abstractmethod

from acude.athena.cursor import Cursor
from acude.athena.errors import Place, fail, unsupported
from acude.athena.nodes import (
    AtZone,
    Between,
    Binary,
    Expr,
    Field,
    InList,
    InQuery,
    IsNull,
    Like,
    Literal,
    Name,
    Quantified,
    Query,
    Ref,
    RowExpr,
    Scalar,
    SortKey,
    Subscript,
    TypeName,
    Unary,
)

_COMPARISONS = ("=", "<>", "!=", "<", "<=", ">", ">=")
_PARAMETRIC = {"VARCHAR", "CHAR", "DECIMAL", "NUMERIC", "DEC", "TIMESTAMP", "TIME", "ARRAY", "MAP", "ROW"}


class OperatorParser(Cursor):
    """From OR down to subscripts; primaries, calls and queries are the subclass's."""

    @abstractmethod
    def primary_start(self) -> Expr:
        """Takes a primary expression without what may follow it."""

    @abstractmethod
    def query(self) -> Query:
        """Takes a query."""

    @abstractmethod
    def sees_query(self, count: int = 0) -> bool:
        """Whether a query begins there."""

    def expression(self) -> Expr:
        """Takes a boolean expression."""
        left = self._conjunction()
        while self.sees("OR"):
            place = self.next().place
            left = Binary("OR", left, self._conjunction(), place=place)
        return left

    def expressions(self) -> tuple[Expr, ...]:
        """Takes expressions with commas between them."""
        found = [self.expression()]
        while self.accept(","):
            found.append(self.expression())
        return tuple(found)

    def _conjunction(self) -> Expr:
        left = self._negation()
        while self.sees("AND"):
            place = self.next().place
            left = Binary("AND", left, self._negation(), place=place)
        return left

    def _negation(self) -> Expr:
        if self.sees("NOT"):
            place = self.next().place
            return Unary("NOT", self._negation(), place=place)
        return self._predicate()

    def _predicate(self) -> Expr:
        left = self.value()
        place = self.place
        if op := self.accept_any(*_COMPARISONS):
            return self._comparison(left, "<>" if op == "!=" else op, place)
        if self.accept("IS"):
            return self._is(left, place)
        negated = self.accept("NOT")
        if self.accept("BETWEEN"):
            low = self.value()
            self.expect("AND")
            test: Expr = Between(left, low, self.value(), place=place)
        elif self.accept("IN"):
            test = self._in(left, place)
        elif self.accept("LIKE"):
            pattern = self.value()
            test = Like(left, pattern, self.value() if self.accept("ESCAPE") else None, place=place)
        elif negated:
            self.mismatch("'BETWEEN', 'IN', 'LIKE'")
        else:
            return left
        return Unary("NOT", test, place=place) if negated else test

    def _comparison(self, left: Expr, op: str, place: Place) -> Expr:
        if self.token.word in {"ANY", "SOME", "ALL"} and self.ahead().word == "(" and self.sees_query(2):
            quantifier = self.next().word.replace("SOME", "ANY")
            self.expect("(")
            query = self.query()
            self.expect(")")
            return Quantified(left, op, quantifier, query, place=place)
        return Binary(op, left, self.value(), place=place)

    def _is(self, left: Expr, place: Place) -> Expr:
        negated = self.accept("NOT")
        if self.accept("NULL"):
            test: Expr = IsNull(left, place=place)
        elif self.accept("DISTINCT", "FROM"):
            test = Binary("IS DISTINCT FROM", left, self.value(), place=place)
        else:
            self.mismatch("'DISTINCT', 'NULL'")
        return Unary("NOT", test, place=place) if negated else test

    def _in(self, left: Expr, place: Place) -> Expr:
        self.expect("(")
        test: Expr
        if self.sees_query():
            test = InQuery(left, self.query(), place=place)
        else:
            test = InList(left, self.expressions(), place=place)
        self.expect(")")
        return test

    def value(self) -> Expr:
        """Takes a value expression; ``||`` binds least."""
        left = self._sum()
        while self.sees("||"):
            place = self.next().place
            left = Binary("||", left, self._sum(), place=place)
        return left

    def _sum(self) -> Expr:
        left = self._product()
        while self.token.word in {"+", "-"}:
            token = self.next()
            left = Binary(token.text, left, self._product(), place=token.place)
        return left

    def _product(self) -> Expr:
        left = self._signed()
        while self.token.word in {"*", "/", "%"}:
            token = self.next()
            left = Binary(token.text, left, self._signed(), place=token.place)
        return left

    def _signed(self) -> Expr:
        if self.token.word not in {"+", "-"}:
            return self._zoned()
        token = self.next()
        number = self.token
        if token.text == "-" and number.kind in {"integer", "decimal", "double"}:
            literal = Literal(number.kind, "-" + self.next().text.replace("_", ""), place=token.place)
            return self._zoned(self._suffixes(literal))
        return Unary(token.text, self._signed(), place=token.place)

    def _zoned(self, arg: Expr | None = None) -> Expr:
        arg = arg or self.primary()
        while self.sees("AT", "TIME", "ZONE"):
            place = self.place
            self.expect("AT", "TIME", "ZONE")
            if self.sees("INTERVAL"):
                unsupported("AT TIME ZONE INTERVAL", place)
            arg = AtZone(arg, Literal("string", self.string(), place=place), place=place)
        return arg

    def primary(self) -> Expr:
        """Takes a primary expression with its subscripts and dereferences."""
        return self._suffixes(self.primary_start())

    def _suffixes(self, found: Expr) -> Expr:
        while True:
            place = self.place
            if self.accept("["):
                found = Subscript(found, self.value(), place=place)
                self.expect("]")
            elif self.sees(".") and self.sees_name(1):
                self.next()
                name = self.name()
                if isinstance(found, Ref):
                    found = Ref((*found.parts, name), place=found.place)
                else:
                    found = Field(found, name, place=found.place)
            else:
                return found

    def brackets(self, place: Place) -> Expr:
        """Takes what follows ``(``: a subquery, an expression or a row."""
        if self.sees_query():
            query = self.query()
            self.expect(")")
            return Scalar(query, place=place)
        items = self.expressions()
        self.expect(")")
        return items[0] if len(items) == 1 else RowExpr(items, place=place)

    def sort_keys(self) -> tuple[SortKey, ...]:
        """Takes what follows ORDER BY."""
        keys = [self._sort_key()]
        while self.accept(","):
            keys.append(self._sort_key())
        return tuple(keys)

    def _sort_key(self) -> SortKey:
        place = self.place
        expr = self.expression()
        descending = self.accept_any("ASC", "DESC") == "DESC"
        nulls_first = None
        if self.accept("NULLS"):
            order = self.accept_any("FIRST", "LAST")
            if not order:
                self.mismatch("'FIRST', 'LAST'")
            nulls_first = order == "FIRST"
        return SortKey(expr, descending, nulls_first, place=place)

    def type_name(self) -> TypeName:
        """Takes a type."""
        place = self.place
        if self.token.kind not in {"name", "quoted"}:
            self.mismatch("<type>")
        base = self.next().text.strip('"').upper()
        if base == "DOUBLE":
            self.accept("PRECISION")
        if base == "INTERVAL":
            return self._interval_type(place)
        params: list[int | TypeName] = []
        names: list[str] = []
        if self.accept("("):
            self._type_params(base, params, names)
        if base in {"TIMESTAMP", "TIME"} and self.accept("WITH", "TIME", "ZONE"):
            base += " WITH TIME ZONE"
        elif base in {"TIMESTAMP", "TIME"}:
            self.accept("WITHOUT", "TIME", "ZONE")
        found = TypeName(base, tuple(params), tuple(names), place=place)
        while self.sees("ARRAY"):
            self.next()
            found = TypeName("ARRAY", (found,), place=place)
        return found

    def _interval_type(self, place: Place) -> TypeName:
        unit = self.accept_any("YEAR", "DAY")
        if (unit, self.accept("TO") and self.next().word) not in {("YEAR", "MONTH"), ("DAY", "SECOND")}:
            fail("SYNTAX_ERROR", "expected INTERVAL YEAR TO MONTH or INTERVAL DAY TO SECOND", place)
        return TypeName("INTERVAL YEAR TO MONTH" if unit == "YEAR" else "INTERVAL DAY TO SECOND", place=place)

    def _type_params(self, base: str, params: list[int | TypeName], names: list[str]) -> None:
        if base not in _PARAMETRIC:
            fail("TYPE_NOT_FOUND", f"Unknown type: {base.lower()}(...)", self.place)
        while True:
            if self.token.kind == "integer":
                params.append(int(self.next().text))
            else:
                named = base == "ROW" and self.sees_name() and self.ahead().word not in {",", ")", "(", "WITH"}
                names.append(self.name().text if named else "")
                params.append(self.type_name())
            if not self.accept(","):
                break
        self.expect(")")


def simple_name(expr: Expr) -> Name | None:
    """The column name that an unaliased select item gets, if any."""
    if isinstance(expr, Ref):
        return expr.parts[-1]
    return expr.name if isinstance(expr, Field) else None
