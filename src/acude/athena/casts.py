"""CAST and TRY_CAST: which pairs exist, what each accepts, how each rounds."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from acude.athena import types
from acude.athena.errors import Place, fail, unsupported
from acude.athena.json_values import from_json, to_json
from acude.athena.types import INTEGERS, Type
from acude.athena.value import Prune, Value, coerce, local, quote, raises, refuses, to_instant

DATE_TEXT = r"\d{4}-\d{2}-\d{2}"
TIME_TEXT = rf"{DATE_TEXT}( \d{{1,2}}:\d{{2}}(:\d{{2}}(\.\d{{1,6}})?)?)?"
_NUMBER_TEXT = r"[+-]?(\d+(\.\d*)?|\.\d+)"
_DOUBLE_TEXT = rf"{_NUMBER_TEXT}([eE][+-]?\d+)?|NaN|[+-]?Infinity"
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class _Cast:
    """One cast being rendered; ``safe`` turns failures into nulls."""

    value: Value
    to: Type
    safe: bool
    place: Place

    @property
    def word(self) -> str:
        return "TRY_CAST" if self.safe else "CAST"

    def bad(self, why: str = "") -> str:
        """SQL for a value that cannot be cast."""
        source = str(self.value.type).split("(")[0].upper()
        return "NULL" if self.safe else raises("INVALID_CAST_ARGUMENT", why or f"Cannot cast {source} to {self.to}")

    def plain(self, sql: str = "") -> str:
        return f"{self.word}({sql or self.value.sql} AS {self.to.duck})"

    def checked(self, pattern: str, doubtful: str, sql: str = "") -> str:
        """A cast from text: what fits the pattern; what only Java's lenient parsers may take is refused."""
        text = self.value.sql
        inner = sql or f"TRY_CAST({text} AS {self.to.duck})"
        fits, unclear = (f"regexp_full_match({text}, {quote(each)}, 's')" for each in (pattern, doubtful))
        refused = refuses(f"CAST of such a text to {self.to}")
        return (
            f"(CASE WHEN {text} IS NULL THEN NULL WHEN {fits} THEN "
            f"(CASE WHEN {inner} IS NULL THEN {self.bad()} ELSE {inner} END) "
            f"WHEN {unclear} THEN {refused} ELSE {self.bad()} END)"
        )


def cast(value: Value, to: Type, place: Place, *, safe: bool = False) -> Value:
    """``CAST(value AS to)``.

    Raises:
        QueryError: TYPE_MISMATCH where Trino has no such cast, NOT_SUPPORTED where this endpoint has none.
    """
    source = value.type
    if value.null:
        return Value(f"CAST(NULL AS {to.duck})", to, constant=True)
    if source.items or to.items:
        if "json" in {source.kind, to.kind}:
            return from_json(value, to, place, safe=safe) if source.kind == "json" else to_json(value, place)
        return _nested(value, to, place, safe=safe)
    if source.kind == to.kind and source == to:
        return value
    render = _RENDER.get(to.kind)
    if render is None:
        fail("TYPE_MISMATCH", f"Cannot cast {source} to {to}", place)
    if source.kind == "json":
        return from_json(value, to, place, safe=safe)
    return render(_Cast(value, to, safe, place))


def _nested(value: Value, to: Type, place: Place, *, safe: bool) -> Value:
    if types.coercible(value.type, to):
        return coerce(value, to)
    if value.type.kind == to.kind == "array":
        item = cast(Value("e", value.type.item), to.item, place, safe=safe)
        return Value(f"list_transform({value.sql}, lambda e: {item.sql})", to, value.constant)
    if value.type.kind == to.kind == "row" and len(value.type.items) == len(to.items):
        fields = [
            cast(Value(f"({value.sql}).f{i}", item), to.items[i], place, safe=safe).sql
            for i, item in enumerate(value.type.items)
        ]
        packed = ", ".join(f"f{i} := {sql}" for i, sql in enumerate(fields))
        return Value(f"(CASE WHEN {value.sql} IS NULL THEN NULL ELSE struct_pack({packed}) END)", to, value.constant)
    if value.type.kind == to.kind:
        unsupported(f"CAST({value.type} AS {to})", place)
    return fail("TYPE_MISMATCH", f"Cannot cast {value.type} to {to}", place)


def _missing(job: _Cast) -> Value:
    fail("TYPE_MISMATCH", f"Cannot cast {job.value.type} to {job.to}", job.place)


def _to_boolean(job: _Cast) -> Value:
    value = job.value
    if value.type.kind == "varchar":
        sql = (
            f"(CASE WHEN {value.sql} IS NULL THEN NULL WHEN lower({value.sql}) IN ('t','true','1') THEN TRUE "
            f"WHEN lower({value.sql}) IN ('f','false','0') THEN FALSE ELSE {job.bad()} END)"
        )
        return Value(sql, job.to, value.constant)
    if value.type.kind in types.NUMBERS:
        return Value(f"({value.sql} <> 0)", job.to, value.constant)
    return _missing(job)


def _to_integer(job: _Cast) -> Value:
    value, kind = job.value, job.value.type.kind
    if kind == "varchar":
        return Value(job.checked(r"[+-]?\d+", r"\s.*|.*\s"), job.to, value.constant)
    if kind in types.FLOATS:
        sql = f"(CASE WHEN isnan({value.sql}) THEN {job.bad()} ELSE {job.plain(f'round({value.sql})')} END)"
        return Value(sql, job.to, value.constant)
    if kind == "decimal":
        return Value(job.plain(f"round({value.sql}, 0)"), job.to, value.constant)
    if kind in {*INTEGERS, "boolean"}:
        return Value(job.plain(), job.to, value.constant)
    return _missing(job)


def _to_float(job: _Cast) -> Value:
    value, kind = job.value, job.value.type.kind
    if kind == "varchar":
        return Value(job.checked(_DOUBLE_TEXT, r"\s.*|.*\s|.*[0-9.][dDfF]|0[xX].*"), job.to, value.constant)
    if kind == "decimal":
        return coerce(value, job.to)
    if kind == "double" and job.to.kind == "real":
        far = f"isfinite({value.sql}) AND abs({value.sql}) > 3.4e38"
        refused = refuses("CAST of so large a double to real")
        return Value(f"(CASE WHEN {far} THEN {refused} ELSE {job.plain()} END)", job.to, value.constant)
    if kind in {*types.NUMBERS, "boolean"}:
        return Value(job.plain(), job.to, value.constant)
    return _missing(job)


def _to_decimal(job: _Cast) -> Value:
    value, kind = job.value, job.value.type.kind
    if kind == "varchar":
        return Value(job.checked(_NUMBER_TEXT, r"\s.*|.*\s|.*[eE].*"), job.to, value.constant)
    if kind in types.FLOATS:
        shortest = f"CAST({value.sql} AS VARCHAR)"
        good = f"TRY_CAST({shortest} AS {job.to.duck})"
        sql = f"(CASE WHEN {value.sql} IS NULL THEN NULL WHEN {good} IS NULL THEN {job.bad()} ELSE {good} END)"
        return Value(sql, job.to, value.constant)
    if kind in {*INTEGERS, "decimal", "boolean"}:
        good = f"TRY_CAST({value.sql} AS {job.to.duck})"
        sql = f"(CASE WHEN {value.sql} IS NULL THEN NULL WHEN {good} IS NULL THEN {job.bad()} ELSE {good} END)"
        widens = kind != "boolean" and types.coercible(value.type, job.to)
        return Value(job.plain() if widens else sql, job.to, value.constant)
    return _missing(job)


def _to_varchar(job: _Cast) -> Value:
    value, length = job.value, job.to.precision
    text = varchar_text(value)
    if text is None:
        if value.type.kind.startswith("interval"):
            unsupported(f"CAST({value.type} AS varchar)", job.place)
        return _missing(job)
    if length is None:
        return Value(text, job.to, value.constant, value.text)
    if value.type.kind == "varchar":
        short = value.type.precision is not None and value.type.precision <= length
        cut = value.text[:length] if value.text is not None else None
        return Value(text if short else f"left({text}, {length})", job.to, value.constant, cut)
    sql = f"(CASE WHEN length({text}) > {length} THEN {job.bad()} ELSE {text} END)"
    return Value(sql, job.to, value.constant)


def varchar_text(value: Value) -> str | None:
    """SQL of Trino's text for a scalar value, None where it has none."""
    sql, kind = value.sql, value.type.kind
    if kind == "varchar":
        return sql
    if kind in {*INTEGERS, "decimal", "boolean", "date"}:
        return f"CAST({sql} AS VARCHAR)"
    if kind in types.FLOATS:
        return f"acude_{kind}_text({sql})"
    if kind in {"timestamp", "timestamptz"}:
        stamp = f"strftime({local(value)}, '%Y-%m-%d %H:%M:%S.%f')"
        digits = value.type.precision or 0
        text = f"left({stamp}, {19 + (digits + 1 if digits else 0)})"
        return text if kind == "timestamp" else f"({text} || {quote(' ' + value.type.zone)})"
    return None


def _to_date(job: _Cast) -> Value:
    value, kind = job.value, job.value.type.kind
    if kind == "varchar":
        sql = job.checked(DATE_TEXT, r"\s.*|.*\s|[+-]?\d+-\d+-\d+.*|\d{8}")
        return Value(sql, job.to, value.constant)
    if kind not in {"timestamp", "timestamptz"}:
        return _missing(job)
    prune = None
    if value.prune:
        slack = timedelta(days=1 if value.type.zone == "UTC" else 2)
        below = value.prune.below if value.type.zone == "UTC" else slack
        prune = Prune(value.prune.raw, below, slack)
    return Value(f"CAST({local(value)} AS DATE)", job.to, value.constant, prune=prune)


def round_time(sql: str, kind: str, digits: int) -> str:
    """A TIMESTAMP or TIMESTAMPTZ rounded half up to so many digits of a second."""
    unit = 10 ** (6 - digits)
    micros = f"((epoch_us({sql}) + {unit // 2}) - ((epoch_us({sql}) + {unit // 2}) % {unit} + {unit}) % {unit})"
    make = "make_timestamp" if kind == "timestamp" else "make_timestamptz"
    return f"{make}({micros})"


def _to_time(job: _Cast) -> Value:
    value, kind, to = job.value, job.value.type.kind, job.to
    zoned = to.kind == "timestamptz"
    if kind == "varchar":
        if zoned:
            unsupported("CAST of a text to timestamp with time zone", job.place)
        doubtful = r"\s.*|.*\s|[+-]?\d+-\d+-\d+.*"
        rounded = round_time(f"TRY_CAST({value.sql} AS TIMESTAMP)", "timestamp", to.precision or 0)
        return Value(job.checked(TIME_TEXT, doubtful, rounded), to, value.constant)
    if kind not in types.TIMES:
        return _missing(job)
    if zoned:
        to = to.with_zone(value.type.zone if kind == "timestamptz" else "UTC")
    sql = value.sql if kind == to.kind else (f"CAST({value.sql} AS TIMESTAMP)" if kind == "date" else local(value))
    if zoned and kind != "timestamptz":
        sql = to_instant(sql, "UTC")
    coarser = kind != "date" and (value.type.precision or 0) > (to.precision or 0)
    prune = value.prune
    if coarser:
        sql = round_time(sql, to.kind, to.precision or 0)
        prune = Prune(prune.raw, timedelta(seconds=2), timedelta(seconds=2)) if prune else None
    keep = prune if kind != "timestamptz" or value.type.zone == "UTC" else None
    return Value(sql, to, value.constant, prune=keep)


def _to_json(job: _Cast) -> Value:
    return to_json(job.value, job.place)


_RENDER: dict[str, Callable[[_Cast], Value]] = {
    "boolean": _to_boolean,
    "tinyint": _to_integer,
    "smallint": _to_integer,
    "integer": _to_integer,
    "bigint": _to_integer,
    "real": _to_float,
    "double": _to_float,
    "decimal": _to_decimal,
    "varchar": _to_varchar,
    "date": _to_date,
    "timestamp": _to_time,
    "timestamptz": _to_time,
    "json": _to_json,
}
