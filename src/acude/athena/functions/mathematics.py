"""Numbers."""

from collections.abc import Callable, Mapping

from acude.athena.decimals import round_decimal, towards, truncate_decimal
from acude.athena.errors import unsupported
from acude.athena.functions.registry import scalar
from acude.athena.types import Type, decimal
from acude.athena.value import Value, raises

INTEGRAL = "tinyint smallint integer bigint"
FLOATING = "real double"
_NAN = "CAST('NaN' AS DOUBLE)"
_MINUS_INFINITY = "CAST('-Infinity' AS DOUBLE)"


def _whole(bound: Mapping[str, int]) -> Type:
    return decimal(min(38, bound["p"] - bound["s"] + min(1, bound["s"])), 0)


def _towards(*, up: bool) -> Callable[[list[Value]], str]:
    def render(args: list[Value]) -> str:
        kind = args[0].type
        return towards(args[0].sql, kind, _whole({"p": kind.precision or 0, "s": kind.scale}), up=up)

    return render


def _round(args: list[Value]) -> str:
    kind = args[0].type
    return round_decimal(args[0].sql, kind, _whole({"p": kind.precision or 0, "s": kind.scale}), 0)


def _digits(value: Value) -> int:
    if value.number is None:
        unsupported("Rounding to a number of digits that is no literal")
    return value.number


def _round_to(args: list[Value]) -> str:
    kind = args[0].type
    return round_decimal(args[0].sql, kind, decimal(min(38, (kind.precision or 0) + 1), kind.scale), _digits(args[1]))


def _truncate(args: list[Value]) -> str:
    kind = args[0].type
    return truncate_decimal(args[0].sql, kind, decimal(max((kind.precision or 0) - kind.scale, 1), 0), 0)


def _truncate_to(args: list[Value]) -> str:
    return truncate_decimal(args[0].sql, args[0].type, args[0].type, _digits(args[1]))


def _round_integer(args: list[Value]) -> str:
    if _digits(args[1]) < 0:
        unsupported("Rounding an integer to tens or hundreds")
    return args[0].sql


def _round_float(args: list[Value]) -> str:
    x, factor = args[0].sql, f"pow(10, {_digits(args[1])})"
    rounded = f"CAST(round({x} * {factor}) / {factor} AS {args[0].type.duck})"
    return f"(CASE WHEN isfinite({x}) THEN {rounded} ELSE {x} END)"


def _mod(args: list[Value]) -> str:
    zero = raises("DIVISION_BY_ZERO", "Division by zero")
    return f"(CASE WHEN {args[1].sql} = 0 THEN {zero} ELSE {args[0].sql} % {args[1].sql} END)"


scalar("abs", "N -> N", "abs({0})", check=f"{INTEGRAL} {FLOATING}")
scalar("abs", "decimal(p,s) -> decimal(p,s)", "abs({0})")
for _name, _up in (("ceil", True), ("ceiling", True), ("floor", False)):
    scalar(_name, "N -> N", "{0}", check=INTEGRAL)
    scalar(_name, "N -> N", f"{_name}({{0}})", check=FLOATING)
    scalar(_name, "decimal(p,s)", _towards(up=_up), result=_whole)
scalar("round", "N -> N", "{0}", check=INTEGRAL)
scalar("round", "N -> N", "round({0})", check=FLOATING)
scalar("round", "decimal(p,s)", _round, result=_whole)
scalar("round", "integer, integer -> integer", _round_integer)
scalar("round", "bigint, integer -> bigint", _round_integer)
scalar("round", "real, integer -> real", _round_float)
scalar("round", "double, integer -> double", _round_float)
scalar("round", "decimal(p,s), integer", _round_to, result=lambda b: decimal(min(38, b["p"] + 1), b["s"]))
scalar("truncate", "N -> N", "trunc({0})", check=FLOATING)
scalar("truncate", "decimal(p,s)", _truncate, result=lambda b: decimal(max(b["p"] - b["s"], 1), 0))
scalar("truncate", "decimal(p,s), integer -> decimal(p,s)", _truncate_to)
scalar("sign", "N -> N", "CAST(sign({0}) AS {type})", check=f"{INTEGRAL} {FLOATING}")
scalar("sign", "decimal(p,s)", "CAST(sign({0}) AS DECIMAL(1,0))", result=lambda _: decimal(1, 0))

for _name in ("exp", "sin", "cos", "tan", "atan", "sinh", "cosh", "tanh", "degrees", "radians"):
    scalar(_name, "double -> double", f"{_name}({{0}})")
for _name in ("asin", "acos"):
    _outside = "{0} < -1 OR {0} > 1"
    scalar(_name, "double -> double", f"(CASE WHEN {_outside} THEN {_NAN} ELSE {_name}({{0}}) END)")
scalar("cbrt", "double -> double", "acude_cbrt({0})")
scalar("atan2", "double, double -> double", "atan2({0}, {1})")
scalar("sqrt", "double -> double", f"(CASE WHEN {{0}} < 0 THEN {_NAN} ELSE sqrt({{0}}) END)")
for _name in ("ln", "log2", "log10"):
    _special = f"WHEN {{0}} = 0 THEN {_MINUS_INFINITY} WHEN {{0}} < 0 THEN {_NAN}"
    scalar(_name, "double -> double", f"(CASE {_special} ELSE {_name}({{0}}) END)")
_LN = f"(CASE WHEN {{x}} = 0 THEN {_MINUS_INFINITY} WHEN {{x}} < 0 THEN {_NAN} ELSE ln({{x}}) END)"
scalar("log", "double, double -> double", f"({_LN.format(x='{1}')} / {_LN.format(x='{0}')})")
for _name in ("pow", "power"):
    scalar(_name, "double, double -> double", "pow({0}, {1})")
scalar("mod", "N, N -> N", _mod, check=INTEGRAL)
scalar("mod", "double, double -> double", "({0} % {1})")
scalar("pi", "-> double", "pi()")
scalar("e", "-> double", "exp(CAST(1 AS DOUBLE))")
scalar("nan", "-> double", _NAN)
scalar("infinity", "-> double", "CAST('Infinity' AS DOUBLE)")
scalar("is_nan", "double -> boolean", "isnan({0})")
scalar("is_finite", "double -> boolean", "isfinite({0})")
scalar("is_infinite", "double -> boolean", "isinf({0})")
scalar("bitwise_and", "bigint, bigint -> bigint", "({0} & {1})")
scalar("bitwise_or", "bigint, bigint -> bigint", "({0} | {1})")
scalar("bitwise_xor", "bigint, bigint -> bigint", "xor({0}, {1})")
scalar("bitwise_not", "bigint -> bigint", "(~{0})")
