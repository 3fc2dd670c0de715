"""Trino's primary expressions: literals, calls, CASE, CAST, and the forms with keywords inside brackets."""

from acude.athena.errors import Place, fail, unsupported
from acude.athena.lexer import Token
from acude.athena.nodes import (
    ArrayExpr,
    Bound,
    Call,
    Case,
    Cast,
    Exists,
    Expr,
    Grouping,
    IntervalLiteral,
    JsonPathCall,
    Lambda,
    Literal,
    Name,
    Ref,
    RowExpr,
    SortKey,
    TypeName,
    Window,
)
from acude.athena.parse_expression import OperatorParser

_TYPED_LITERALS = {"DATE", "TIMESTAMP", "TIME", "DECIMAL", "JSON", "VARCHAR", "DOUBLE", "REAL", "BIGINT", "INTEGER"}
_NOW = {
    "CURRENT_DATE": "current_date",
    "CURRENT_TIMESTAMP": "current_timestamp",
    "LOCALTIMESTAMP": "localtimestamp",
}
_UNITS = {"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"}
_REFUSED = {
    "CURRENT_TIME",
    "LOCALTIME",
    "CURRENT_USER",
    "CURRENT_CATALOG",
    "CURRENT_SCHEMA",
    "CURRENT_PATH",
    "JSON_OBJECT",
    "JSON_ARRAY",
    "NORMALIZE",
}


class PrimaryParser(OperatorParser):
    """Primary expressions."""

    def primary_start(self) -> Expr:  # noqa: PLR0911
        """Takes a primary expression without what may follow it."""
        token = self.token
        if token.kind in {"integer", "decimal", "double"}:
            return Literal(token.kind, self.next().text.replace("_", ""), place=token.place)
        if token.kind == "string":
            return Literal("string", self.string(), place=token.place)
        if token.kind == "binary":
            return Literal("binary", self.next().text[2:-1].replace(" ", ""), place=token.place)
        if self._sees_lambda():
            return self._lambda(token.place)
        if self.accept("("):
            return self.brackets(token.place)
        if token.word == "?":
            fail("INVALID_PARAMETER_USAGE", "Incorrect number of parameters: found a ? without a value", token.place)
        special = self._special(token)
        if special is not None:
            return special
        if not self.sees_name():
            self.mismatch("<expression>")
        return self._named(token)

    def _sees_lambda(self) -> bool:
        if self.sees_name() and self.ahead().word == "->":
            return True
        if not self.sees("("):
            return False
        at = 1
        while self.sees_name(at) and self.ahead(at + 1).word == ",":
            at += 2
        at += 1 if self.sees_name(at) else 0
        return self.ahead(at).word == ")" and self.ahead(at + 1).word == "->"

    def _lambda(self, place: Place) -> Expr:
        if self.sees("(", ")"):
            self.expect("(", ")")
            params: tuple[Name, ...] = ()
        else:
            params = self.names_in_brackets() if self.sees("(") else (self.name(),)
        self.expect("->")
        return Lambda(params, self.expression(), place=place)

    def _special(self, token: Token) -> Expr | None:
        word, place = token.word, token.place
        if word in _REFUSED and (word != "NORMALIZE" or self.ahead().word == "("):
            unsupported(word, place)
        if word in {"NULL", "TRUE", "FALSE"}:
            self.next()
            return Literal("null" if word == "NULL" else "boolean", word.lower(), place=place)
        if word in _NOW:
            self.next()
            if self.sees("("):
                unsupported(f"{word} with a precision", place)
            return Call(_NOW[word], (), place=place)
        method = getattr(self, f"_take_{word.lower()}", None) if token.kind == "name" else None
        if method is None or (word in {"ARRAY", "ROW", "POSITION", "INTERVAL", "SUBSTRING"} and not self._opens(word)):
            return None
        self.next()
        found = method(place)
        return found if isinstance(found, Expr) else None

    def _opens(self, word: str) -> bool:
        ahead = self.ahead()
        if word == "INTERVAL":
            return ahead.kind == "string" or ahead.word in {"+", "-"}
        if word in {"POSITION", "SUBSTRING"}:
            return ahead.word == "(" and self._has_keyword_inside("IN" if word == "POSITION" else "FROM")
        return ahead.word == ("[" if word == "ARRAY" else "(")

    def _has_keyword_inside(self, keyword: str) -> bool:
        depth, at = 0, 1
        while self.ahead(at).kind != "end":
            word = self.ahead(at).word
            depth += (word == "(") - (word == ")")
            if depth == 0 or (depth == 1 and word == keyword):
                return depth == 1
            at += 1
        return False

    def _take_case(self, place: Place) -> Expr:
        operand = None if self.sees("WHEN") else self.expression()
        whens = []
        while self.accept("WHEN"):
            condition = self.expression()
            self.expect("THEN")
            whens.append((condition, self.expression()))
        if not whens:
            self.mismatch("'WHEN'")
        otherwise = self.expression() if self.accept("ELSE") else None
        self.expect("END")
        return Case(operand, tuple(whens), otherwise, place=place)

    def _take_cast(self, place: Place, *, safe: bool = False) -> Expr:
        self.expect("(")
        arg = self.expression()
        self.expect("AS")
        to = self.type_name()
        self.expect(")")
        return Cast(arg, to, safe, place=place)

    def _take_exists(self, place: Place) -> Expr:
        self.expect("(")
        query = self.query()
        self.expect(")")
        return Exists(query, place=place)

    def _take_array(self, place: Place) -> Expr:
        self.expect("[")
        items = () if self.sees("]") else self.expressions()
        self.expect("]")
        return ArrayExpr(items, place=place)

    def _take_row(self, place: Place) -> Expr:
        self.expect("(")
        items = self.expressions()
        self.expect(")")
        return RowExpr(items, place=place)

    def _take_interval(self, place: Place) -> Expr:
        sign = -1 if self.accept_any("+", "-") == "-" else 1
        text = self.string()
        unit = self.next().word
        to = self.next().word if self.accept("TO") else None
        if unit not in _UNITS or (to is not None and to not in _UNITS):
            fail("SYNTAX_ERROR", "expected an interval's unit: YEAR, MONTH, DAY, HOUR, MINUTE or SECOND", place)
        return IntervalLiteral(text, sign, unit, to, place=place)

    def _take_position(self, place: Place) -> Expr:
        self.expect("(")
        needle = self.value()
        self.expect("IN")
        call = Call("strpos", (self.value(), needle), place=place)
        self.expect(")")
        return call

    def _take_substring(self, place: Place) -> Expr:
        self.expect("(")
        args = [self.value()]
        self.expect("FROM")
        args.append(self.value())
        if self.accept("FOR"):
            args.append(self.value())
        self.expect(")")
        return Call("substr", tuple(args), place=place)

    def _take_extract(self, place: Place) -> Expr:
        self.expect("(")
        unit = self.name().key
        self.expect("FROM")
        arg = self.value()
        self.expect(")")
        known = "year quarter month week day day_of_month day_of_week dow day_of_year doy year_of_week yow hour minute"
        if unit not in f"{known} second timezone_hour timezone_minute".split():
            fail("SYNTAX_ERROR", f"Invalid EXTRACT field: {unit}", place)
        short = {"dow": "day_of_week", "doy": "day_of_year", "yow": "year_of_week", "day_of_month": "day"}
        return Call(short.get(unit, unit), (arg,), place=place)

    def _take_trim(self, place: Place) -> Expr:
        self.expect("(")
        side = self.accept_any("BOTH", "LEADING", "TRAILING")
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(side, "trim")
        first = None if self.sees("FROM") else self.value()
        if self.accept("FROM"):
            source = self.value()
            args = (source,) if first is None else (source, first)
        elif first is None or side:
            self.mismatch("'FROM'")
        else:
            args = (first, self.value()) if self.accept(",") else (first,)
        self.expect(")")
        return Call(name, args, place=place)

    def _take_grouping(self, place: Place) -> Expr:
        self.expect("(")
        args = self.expressions()
        self.expect(")")
        return Grouping(args, place=place)

    def _take_listagg(self, place: Place) -> Expr:
        self.expect("(")
        distinct = self._quantifier()
        args = self.expressions()
        if self.sees("ON", "OVERFLOW"):
            unsupported("LISTAGG … ON OVERFLOW", place)
        self.expect(")", "WITHIN", "GROUP", "(", "ORDER", "BY")
        within = self.sort_keys()
        self.expect(")")
        return Call("listagg", args, distinct=distinct, within=within, where=self._filter(), place=place)

    def _take_json_value(self, place: Place) -> Expr:
        return self._json_call("json_value", place)

    def _take_json_query(self, place: Place) -> Expr:
        return self._json_call("json_query", place)

    def _take_json_exists(self, place: Place) -> Expr:
        return self._json_call("json_exists", place)

    def _json_call(self, function: str, place: Place) -> Expr:
        self.expect("(")
        arg = self.expression()
        self.expect(",")
        path = self.string()
        returning = self.type_name() if function == "json_value" and self.accept("RETURNING") else None
        if not self.sees(")"):
            unsupported(f"{function} with the clause {self.token.text}", self.place)
        self.expect(")")
        return JsonPathCall(function, arg, path, returning, place=place)

    def _quantifier(self) -> bool:
        if self.sees("ALL") and self.ahead().word not in {",", ")"}:
            self.next()
            return False
        return self.accept("DISTINCT")

    def _named(self, token: Token) -> Expr:
        ahead = self.ahead()
        if token.word in _TYPED_LITERALS and ahead.kind == "string":
            self.next()
            return Literal(token.word.lower(), self.string(), place=token.place)
        if token.word == "DOUBLE" and ahead.word == "PRECISION":
            self.next()
            self.next()
            return Literal("double", self.string(), place=token.place)
        if token.word == "TRY_CAST" and ahead.word == "(":
            self.next()
            return self._take_cast(token.place, safe=True)
        name = self.name()
        if self.sees("("):
            return self._call(name.key, token.place)
        if self.token.kind == "string":
            fail("SYNTAX_ERROR", f"mismatched input {self.token.text}. Expecting: an operator", self.place)
        return Ref((name,), place=token.place)

    def _call(self, name: str, place: Place) -> Expr:
        self.expect("(")
        star, distinct = False, False
        args: tuple[Expr, ...] = ()
        order: tuple[SortKey, ...] = ()
        if self.accept("*"):
            star = True
        elif not self.sees(")"):
            distinct = self._quantifier()
            args = self.expressions()
            order = self.sort_keys() if self.accept("ORDER", "BY") else ()
        self.expect(")")
        if self.sees("WITHIN"):
            unsupported("WITHIN GROUP outside listagg", self.place)
        where = self._filter()
        ignore = False
        if self.token.word in {"IGNORE", "RESPECT"} and self.ahead().word == "NULLS":
            ignore = self.next().word == "IGNORE"
            self.next()
        over = self._over()
        return Call(name, args, distinct, star, order, (), where, ignore, over, place=place)

    def _filter(self) -> Expr | None:
        if not self.sees("FILTER", "("):
            return None
        self.expect("FILTER", "(", "WHERE")
        where = self.expression()
        self.expect(")")
        return where

    def _over(self) -> Window | None:
        if not self.sees("OVER"):
            return None
        place = self.next().place
        if self.sees("("):
            return self.window()
        return Window(name=self.name(), place=place)

    def window(self) -> Window:
        """Takes ``(PARTITION BY … ORDER BY … frame)``."""
        place = self.place
        self.expect("(")
        base = None
        if self.sees_name() and self.token.word not in {"PARTITION", "ROWS", "RANGE", "GROUPS"}:
            base = self.name()
        partition: tuple[Expr, ...] = self.expressions() if self.accept("PARTITION", "BY") else ()
        order: tuple[SortKey, ...] = self.sort_keys() if self.accept("ORDER", "BY") else ()
        unit, start, end = self.accept_any("ROWS", "RANGE", "GROUPS") or None, None, None
        if unit:
            if self.accept("BETWEEN"):
                start = self._bound()
                self.expect("AND")
                end = self._bound()
            else:
                start = self._bound()
        self.expect(")")
        return Window(base, partition, order, unit, start, end, place=place)

    def _bound(self) -> Bound:
        place = self.place
        if self.accept("CURRENT", "ROW"):
            return Bound("CURRENT ROW", place=place)
        value = None if self.accept("UNBOUNDED") else self.expression()
        direction = self.accept_any("PRECEDING", "FOLLOWING")
        if not direction:
            self.mismatch("'FOLLOWING', 'PRECEDING'")
        return Bound(f"{'UNBOUNDED ' if value is None else ''}{direction}", value, place=place)

    def typed(self) -> TypeName:
        """Takes a type that ends the text."""
        found = self.type_name()
        if self.token.kind != "end":
            self.mismatch("<EOF>")
        return found
