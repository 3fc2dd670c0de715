"""Trino's queries: WITH, SELECT, set operations, joins, grouping."""

from acude.athena.errors import fail, unsupported
from acude.athena.lexer import tokens
from acude.athena.nodes import (
    Aliased,
    Body,
    Expr,
    GroupBy,
    Join,
    Literal,
    Name,
    Query,
    Relation,
    Select,
    SelectItem,
    SetOp,
    Subquery,
    TableRef,
    Unnest,
    Values,
    Window,
    With,
)
from acude.athena.parse_primary import PrimaryParser


class QueryParser(PrimaryParser):
    """Queries."""

    def sees_query(self, count: int = 0) -> bool:
        """Whether a query begins there."""
        while self.ahead(count).word == "(":
            count += 1
        word = self.ahead(count).word
        return word in {"SELECT", "WITH", "VALUES"} or (word == "TABLE" and self.sees_name(count + 1))

    def query(self) -> Query:
        """Takes a query."""
        place = self.place
        ctes, recursive = [], False
        if self.accept("WITH"):
            recursive = self.accept("RECURSIVE")
            ctes.append(self._cte())
            while self.accept(","):
                ctes.append(self._cte())
        body = self._unions()
        order = self.sort_keys() if self.accept("ORDER", "BY") else ()
        offset = None
        if self.accept("OFFSET"):
            offset = self._count()
            self.accept_any("ROW", "ROWS")
        limit, ties = self._limit()
        return Query(body, tuple(ctes), recursive, order, offset, limit, ties, place=place)

    def _limit(self) -> tuple[Expr | None, bool]:
        if self.accept("LIMIT"):
            return (None if self.accept("ALL") else self._count()), False
        if not self.accept("FETCH"):
            return None, False
        if not self.accept_any("FIRST", "NEXT"):
            self.mismatch("'FIRST', 'NEXT'")
        place = self.place
        count = Literal("integer", "1", place=place) if self.token.word in {"ROW", "ROWS"} else self._count()
        if not self.accept_any("ROW", "ROWS"):
            self.mismatch("'ROW', 'ROWS'")
        if self.accept("ONLY"):
            return count, False
        self.expect("WITH", "TIES")
        return count, True

    def _count(self) -> Expr:
        if self.token.kind != "integer":
            self.mismatch("<integer>")
        return Literal("integer", self.next().text, place=self.place)

    def _cte(self) -> With:
        place = self.place
        name = self.name()
        columns = self.names_in_brackets()
        self.expect("AS", "(")
        query = self.query()
        self.expect(")")
        return With(name, columns, query, place=place)

    def _unions(self) -> Body:
        left = self._intersects()
        while self.token.word in {"UNION", "EXCEPT"}:
            token = self.next()
            distinct = self.accept_any("ALL", "DISTINCT") != "ALL"
            left = SetOp(token.word, distinct, left, self._intersects(), place=token.place)
        return left

    def _intersects(self) -> Body:
        left = self._body()
        while self.sees("INTERSECT"):
            place = self.next().place
            distinct = self.accept_any("ALL", "DISTINCT") != "ALL"
            left = SetOp("INTERSECT", distinct, left, self._body(), place=place)
        return left

    def _body(self) -> Body:
        place = self.place
        if self.accept("VALUES"):
            return Values(self.expressions(), place=place)
        if self.accept("TABLE"):
            return TableRef(self.dotted(), place=place)
        if self.accept("("):
            if self.sees("WITH"):
                self.mismatch("'(', 'SELECT', 'TABLE', 'VALUES'")
            query = self.query()
            self.expect(")")
            return query
        self.expect("SELECT")
        return self._select()

    def _select(self) -> Select:
        place = self.place
        distinct = self.accept_any("ALL", "DISTINCT") == "DISTINCT"
        items = [self._item()]
        while self.accept(","):
            items.append(self._item())
        source = None
        if self.accept("FROM"):
            source = self._relation()
            while self.accept(","):
                source = Join("CROSS", source, self._relation(), place=self.place)
        where = self.expression() if self.accept("WHERE") else None
        group, group_distinct = self._group()
        having = self.expression() if self.accept("HAVING") else None
        windows: list[tuple[Name, Window]] = []
        if self.accept("WINDOW"):
            windows.append(self._window_definition())
            while self.accept(","):
                windows.append(self._window_definition())
        return Select(tuple(items), distinct, source, where, group, group_distinct, having, tuple(windows), place=place)

    def _window_definition(self) -> tuple[Name, Window]:
        name = self.name()
        self.expect("AS")
        return name, self.window()

    def _item(self) -> SelectItem:
        place = self.place
        if self.accept("*"):
            return SelectItem(None, place=place)
        at = 0
        while self.sees_name(at) and self.ahead(at + 1).word == ".":
            at += 2
            if self.ahead(at).word == "*":
                names = [self.name()]
                while self.accept(".") and not self.sees("*"):
                    names.append(self.name())
                self.expect("*")
                if self.sees("AS"):
                    unsupported("t.* AS (…)", place)
                return SelectItem(None, None, tuple(names), place=place)
        expr = self.expression()
        alias = self.name() if self.accept("AS") or self.sees_name() else None
        return SelectItem(expr, alias, place=place)

    def _group(self) -> tuple[tuple[GroupBy, ...] | None, bool]:
        if not self.accept("GROUP", "BY"):
            return None, False
        distinct = False
        ends = {"", ",", ")", "HAVING", "ORDER", "LIMIT", "UNION", "INTERSECT", "EXCEPT", ";", "FETCH", "OFFSET"}
        if self.token.word == "ALL" and not (self.ahead().word in ends and self.ahead().kind != "integer"):
            self.next()
        elif self.accept("DISTINCT"):
            distinct = True
        groups = [self._grouping_element()]
        while self.accept(","):
            groups.append(self._grouping_element())
        return tuple(groups), distinct

    def _grouping_element(self) -> GroupBy:
        place = self.place
        if self.token.word in {"ROLLUP", "CUBE"}:
            kind = self.next().word
            self.expect("(")
            sets = [] if self.sees(")") else [self._grouping_set()]
            while self.accept(","):
                sets.append(self._grouping_set())
            self.expect(")")
            return GroupBy(kind, tuple(sets), place=place)
        if self.accept("GROUPING", "SETS"):
            self.expect("(")
            sets = [self._grouping_set()]
            while self.accept(","):
                sets.append(self._grouping_set())
            self.expect(")")
            return GroupBy("SETS", tuple(sets), place=place)
        return GroupBy("SIMPLE", (self._grouping_set(),), place=place)

    def _grouping_set(self) -> tuple[Expr, ...]:
        if self.accept("(", ")"):
            return ()
        start = self.at
        if self.accept("("):
            if not self.sees_query():
                items = self.expressions()
                if self.accept(")") and self.token.word in {",", ")", ""} | {"HAVING", "ORDER", "LIMIT", "UNION"}:
                    return items
            self.at = start
        return (self.expression(),)

    def _relation(self) -> Relation:
        left = self._aliased()
        while True:
            place = self.place
            if self.accept("CROSS"):
                self.expect("JOIN")
                left = Join("CROSS", left, self._aliased(), place=place)
                continue
            if self.sees("NATURAL"):
                unsupported("NATURAL JOIN", place)
            kind = self._join_kind()
            if not kind:
                return left
            right = self._relation_operand()
            left = self._criteria(kind, left, right)

    def _relation_operand(self) -> Relation:
        """A join's right side: it takes further joins whose ON comes first, as in ``a JOIN b JOIN c ON … ON …``."""
        right = self._aliased()
        while True:
            if self.sees("ON") or self.sees("USING"):
                return right
            place = self.place
            kind = self._join_kind()
            if not kind:
                self.mismatch("'ON', 'USING'")
            right = self._criteria(kind, right, self._relation_operand())
            del place

    def _join_kind(self) -> str:
        for words, kind in (
            (("JOIN",), "INNER"),
            (("INNER", "JOIN"), "INNER"),
            (("LEFT", "JOIN"), "LEFT"),
            (("LEFT", "OUTER", "JOIN"), "LEFT"),
            (("RIGHT", "JOIN"), "RIGHT"),
            (("RIGHT", "OUTER", "JOIN"), "RIGHT"),
            (("FULL", "JOIN"), "FULL"),
            (("FULL", "OUTER", "JOIN"), "FULL"),
        ):
            if self.accept(*words):
                return kind
        return ""

    def _criteria(self, kind: str, left: Relation, right: Relation) -> Join:
        place = self.place
        if self.accept("ON"):
            return Join(kind, left, right, self.expression(), place=place)
        self.expect("USING")
        if not self.sees("("):
            self.mismatch("'('")
        return Join(kind, left, right, None, self.names_in_brackets(), place=place)

    def _aliased(self) -> Relation:
        place = self.place
        relation = self._relation_primary()
        if self.sees("TABLESAMPLE"):
            unsupported("TABLESAMPLE", self.place)
        if self.sees("MATCH_RECOGNIZE"):
            unsupported("MATCH_RECOGNIZE", self.place)
        if self.accept("AS") or (self.sees_name() and not self._sees_clause()):
            alias = self.name()
            return Aliased(relation, alias, self.names_in_brackets(), place=place)
        return relation

    def _sees_clause(self) -> bool:
        """Words that are no reserved words but begin the next clause here."""
        word, after = self.token.word, self.ahead()
        if word in {"LIMIT", "OFFSET"}:
            return after.kind == "integer" or after.word in {"ALL", "?"}
        if word == "FETCH":
            return after.word in {"FIRST", "NEXT"}
        return word == "WINDOW" and after.kind == "name" and self.ahead(2).word == "AS"

    def _relation_primary(self) -> Relation:
        place = self.place
        if self.accept("UNNEST"):
            self.expect("(")
            args = self.expressions()
            self.expect(")")
            return Unnest(args, self.accept("WITH", "ORDINALITY"), place=place)
        if self.sees("LATERAL", "("):
            self.expect("LATERAL", "(")
            query = self.query()
            self.expect(")")
            return Subquery(query, lateral=True, place=place)
        if self.sees("("):
            return self._bracketed_relation()
        if self.sees("TABLE", "("):
            unsupported("A table function", place)
        parts = self.dotted()
        if self.sees("FOR"):
            unsupported("Time travel (FOR … AS OF)", self.place)
        return TableRef(parts, place=place)

    def _bracketed_relation(self) -> Relation:
        start, place = self.at, self.place
        self.expect("(")
        if self.sees_query():
            try_relation = self.sees("(")
            query = None
            if not try_relation:
                query = self.query()
                self.expect(")")
                return Subquery(query, place=place)
            query = self._query_in_brackets()
            if query is not None:
                return Subquery(query, place=place)
            self.at = start + 1
        relation = self._relation()
        self.expect(")")
        return relation

    def _query_in_brackets(self) -> Query | None:
        """``((SELECT …) UNION …)`` is a query, ``((SELECT …) a JOIN b …)`` a relation: look at what follows."""
        depth, at = 1, 1
        while depth and self.ahead(at).kind != "end":
            depth += (self.ahead(at).word == "(") - (self.ahead(at).word == ")")
            at += 1
        if self.ahead(at).word not in {")", "UNION", "EXCEPT", "INTERSECT", "ORDER", "LIMIT", "OFFSET", "FETCH"}:
            return None
        query = self.query()
        self.expect(")")
        return query


def parse_query(sql: str) -> Query:
    """The query in a text that holds nothing else (one closing semicolon is allowed).

    Raises:
        QueryError: SYNTAX_ERROR where Trino's grammar is left.
    """
    parser = QueryParser(tokens(sql))
    try:
        query = parser.query()
    except RecursionError:
        fail("STACK_OVERFLOW", "statement is too large (stack overflow while parsing)")
    parser.accept(";")
    if parser.token.kind != "end":
        parser.mismatch("<EOF>")
    return query
