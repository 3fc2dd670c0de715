"""Aggregates. ``{d}`` is DISTINCT, ``{o}`` an ORDER BY inside, ``{f}`` FILTER and OVER."""

from collections.abc import Callable

from acude.athena.decimals import from_unscaled, half_up, unscaled
from acude.athena.errors import unsupported
from acude.athena.functions.collections import FLAT
from acude.athena.functions.registry import aggregate
from acude.athena.types import decimal
from acude.athena.value import Value, raises, refuses

INTEGRAL = "tinyint smallint integer bigint"
_OVERFLOW = raises("NUMERIC_VALUE_OUT_OF_RANGE", "Decimal overflow")

aggregate("count", "-> bigint", "count(*){f}")
aggregate("count", "T -> bigint", "count({d}{0}){f}")
aggregate("count_if", "boolean -> bigint", "CAST(count(CASE WHEN {0} THEN 1 END){f} AS BIGINT)")
aggregate("sum", "bigint -> bigint", "CAST(sum({d}{0}){f} AS BIGINT)")
aggregate("sum", "real -> real", "CAST(sum({d}{0}){f} AS FLOAT)")
aggregate("sum", "double -> double", "sum({d}{0}){f}")
aggregate("sum", "interval_day -> interval_day", "CAST(sum({d}{0}){f} AS BIGINT)")


def _sum_decimal(args: list[Value]) -> str:
    total = f"sum({{d}}{args[0].sql}){{f}}"
    limit = "9" * 38
    scale = args[0].type.scale
    bound = f"CAST('{limit[: 38 - scale]}{'.' if scale else ''}{limit[38 - scale :]}' AS DECIMAL(38,{scale}))"
    return f"(CASE WHEN abs({total}) > {bound} THEN {_OVERFLOW} ELSE CAST({total} AS DECIMAL(38,{scale})) END)"


def _average_decimal(args: list[Value]) -> str:
    kind = args[0].type
    total = f"sum({{d}}{args[0].sql}){{f}}"
    count = f"CAST(count({{d}}{args[0].sql}){{f}} AS HUGEINT)"
    wide = unscaled(f"CAST({total} AS DECIMAL(38,{kind.scale}))", kind.scale)
    return from_unscaled(half_up(wide, count), kind)


aggregate("sum", "decimal(p,s)", _sum_decimal, result=lambda b: decimal(38, b["s"]))
aggregate("avg", "double -> double", "avg({d}{0}){f}")
aggregate("avg", "real -> real", "CAST(avg({d}{0}){f} AS FLOAT)")
aggregate("avg", "decimal(p,s) -> decimal(p,s)", _average_decimal)
aggregate("avg", "interval_day -> interval_day", "CAST(trunc(avg({d}{0}){f}) AS BIGINT)")


def _extreme(function: str) -> Callable[[list[Value]], str]:
    def render(args: list[Value]) -> str:
        if args[0].type.kind not in {"real", "double"}:
            return f"{function}({{d}}{args[0].sql}){{f}}"
        refused = refuses(f"{function} over NaN")
        return f"(CASE WHEN bool_or(isnan({args[0].sql})){{f}} THEN {refused} ELSE {function}({args[0].sql}){{f}} END)"

    return render


_ORDERED = f"{FLAT} real double interval_day interval_month"
for _name in ("min", "max"):
    aggregate(_name, "T -> T", _extreme(_name), check=_ORDERED)
for _name, _duck in (("min_by", "arg_min_null"), ("max_by", "arg_max_null")):
    aggregate(_name, "T, K -> T", f"{_duck}({{d}}{{0}}, {{1}}){{f}}")
for _name in ("bool_and", "every"):
    aggregate(_name, "boolean -> boolean", "bool_and({d}{0}){f}")
aggregate("bool_or", "boolean -> boolean", "bool_or({d}{0}){f}")
for _name in ("arbitrary", "any_value"):
    aggregate(_name, "T -> T", "any_value({d}{0}){f}")
aggregate("array_agg", "T -> array(T)", "list({d}{0}{o}){f}")
aggregate("listagg", "varchar -> varchar", "string_agg({d}{0}, ''{o}){f}")
aggregate("listagg", "varchar, varchar -> varchar", "string_agg({d}{0}, {1}{o}){f}")
aggregate("approx_distinct", "T -> bigint", "count(DISTINCT {0}){f}")
aggregate("approx_distinct", "T, double -> bigint", "count(DISTINCT {0}){f}")
aggregate("bitwise_and_agg", "bigint -> bigint", "bit_and({d}{0}){f}")
aggregate("bitwise_or_agg", "bigint -> bigint", "bit_or({d}{0}){f}")
for _name, _duck in (
    ("stddev", "stddev_samp"),
    ("stddev_samp", "stddev_samp"),
    ("stddev_pop", "stddev_pop"),
    ("variance", "var_samp"),
    ("var_samp", "var_samp"),
    ("var_pop", "var_pop"),
):
    aggregate(_name, "double -> double", f"{_duck}({{d}}{{0}}){{f}}")
for _name in ("covar_pop", "covar_samp", "corr", "regr_slope", "regr_intercept"):
    _finite = f"(CASE WHEN isfinite({_name}({{0}}, {{1}}){{f}}) THEN {_name}({{0}}, {{1}}){{f}} END)"
    aggregate(_name, "real, real -> real", f"CAST({_finite} AS FLOAT)")
    aggregate(_name, "double, double -> double", _finite)
_LOG = (
    "(CASE WHEN {0} > 0 THEN ln({0}) WHEN {0} = 0 THEN CAST('-Infinity' AS DOUBLE) "
    "WHEN {0} < 0 THEN CAST('NaN' AS DOUBLE) END)"
)
aggregate("geometric_mean", "bigint -> double", f"exp(avg({_LOG}){{f}})")
aggregate("geometric_mean", "real -> real", f"CAST(exp(avg({_LOG}){{f}}) AS FLOAT)")
aggregate("geometric_mean", "double -> double", f"exp(avg({_LOG}){{f}})")
aggregate("histogram", "T -> map(T,bigint)", "CAST(histogram({0}){f} AS {type})", check=FLAT)
_PAIRS = "list(struct_pack(k := {0}, v := {1})){f}"
aggregate("map_agg", "K, V -> map(K,V)", f"trino_map_agg({_PAIRS})", check="comparable")
aggregate("multimap_agg", "K, V -> map(K,array(V))", f"trino_multimap_agg({_PAIRS})", check="comparable")


def _percentile(args: list[Value]) -> str:
    """Exact, with a digest's choice between two neighbours: the value at index floor(share * count)."""
    value, share = args
    if not share.constant:
        unsupported("approx_percentile with a percentage that is no literal")
    checked = value.sql
    if value.type.kind in {"real", "double"}:
        checked = f"(CASE WHEN isnan({value.sql}) THEN {refuses('approx_percentile over NaN')} ELSE {value.sql} END)"
    if share.type.kind == "array":
        shares = f"list_transform({share.sql}, lambda e: 1 - e)"
        return f"list_transform(quantile_disc(-{checked}, {shares}){{f}}, lambda e: -e)"
    return f"(-quantile_disc(-{checked}, 1 - {share.sql}){{f}})"


for _name in ("bigint", "real", "double"):
    aggregate("approx_percentile", f"{_name}, double -> {_name}", _percentile)
    aggregate("approx_percentile", f"{_name}, array(double) -> array({_name})", _percentile)
aggregate(
    "numeric_histogram",
    "bigint, real -> map(real,real)",
    "CAST(acude_numeric_histogram({0}, CAST(list({1}){f} AS DOUBLE[])) AS {type})",
)
aggregate("numeric_histogram", "bigint, double -> map(double,double)", "acude_numeric_histogram({0}, list({1}){f})")
