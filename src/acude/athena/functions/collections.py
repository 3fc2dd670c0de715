"""Arrays and maps."""

from acude.athena.casts import varchar_text
from acude.athena.errors import unsupported
from acude.athena.functions.registry import scalar
from acude.athena.value import Value, raises, refuses

_ARGUMENT = "INVALID_FUNCTION_ARGUMENT"
FLAT = "boolean tinyint smallint integer bigint decimal varchar date timestamp timestamptz unknown"
"""Element types whose equality and order DuckDB and Trino read alike; floats differ in NaN, nested ones in nulls."""

_HAS_NULL = "len(list_filter({0}, lambda e: e IS NULL)) > 0"


def _remove(args: list[Value]) -> str:
    null = f"len(list_filter({args[0].sql}, lambda e: e IS NULL)) > 0"
    reason = refuses("array_remove on an array with nulls")
    kept = f"list_filter({args[0].sql}, lambda e: e <> {args[1].sql})"
    tests = f"{args[0].sql} IS NULL OR {args[1].sql} IS NULL"
    return f"(CASE WHEN {tests} THEN NULL WHEN {null} THEN {reason} ELSE {kept} END)"


def _overlap(args: list[Value]) -> str:
    a, b = args[0].sql, args[1].sql
    nulls = f"len(list_filter({a}, lambda e: e IS NULL)) + len(list_filter({b}, lambda e: e IS NULL)) > 0"
    return (
        f"(CASE WHEN {a} IS NULL OR {b} IS NULL THEN NULL WHEN list_has_any({a}, {b}) THEN TRUE "
        f"WHEN {nulls} THEN NULL ELSE FALSE END)"
    )


def _join(args: list[Value]) -> str:
    text = varchar_text(Value("e", args[0].type.item))
    if args[0].type.item.kind == "unknown":
        text = "CAST(e AS VARCHAR)"
    if text is None:
        unsupported(f"array_join of {args[0].type}")
    texts = f"list_transform({args[0].sql}, lambda e: {text})"
    if len(args) > 2:  # noqa: PLR2004
        texts = f"list_transform({texts}, lambda e: coalesce(e, {args[2].sql}))"
    tests = f"{args[0].sql} IS NULL OR {args[1].sql} IS NULL"
    return f"(CASE WHEN {tests} THEN NULL ELSE coalesce(array_to_string({texts}, {args[1].sql}), '') END)"


def _split_lambda(value: Value) -> tuple[list[str], str]:
    head, _, body = value.sql.partition(": ")
    return head.removeprefix("lambda ").split(", "), body


def _match(name: str, args: list[Value]) -> str:
    params, body = _split_lambda(args[1])
    deciding = f"NOT ({body})" if name == "all_match" else f"({body})"
    answer, otherwise = ("TRUE", "FALSE") if name == "any_match" else ("FALSE", "TRUE")
    some = f"len(list_filter({args[0].sql}, lambda {params[0]}: {deciding})) > 0"
    unknown = f"len(list_filter({args[0].sql}, lambda {params[0]}: ({body}) IS NULL)) > 0"
    return (
        f"(CASE WHEN {args[0].sql} IS NULL THEN NULL WHEN {some} THEN {answer} "
        f"WHEN {unknown} THEN NULL ELSE {otherwise} END)"
    )


def _reduce(args: list[Value]) -> str:
    array, state, step, final = args
    params, body = _split_lambda(final)
    folded = f"list_reduce({array.sql}, {step.sql}, CAST({state.sql} AS {state.type.duck}))"
    once = f"list_transform([{folded}], lambda {params[0]}: {body})[1]"
    return f"(CASE WHEN {array.sql} IS NULL THEN NULL ELSE {once} END)"


def _zip_with(args: list[Value]) -> str:
    params, body = _split_lambda(args[2])
    pairs = f"generate_series(1, greatest(len({args[0].sql}), len({args[1].sql})))"
    second = f"list_transform([{args[1].sql}[i]], lambda {params[1]}: {body})[1]"
    first = f"list_transform([{args[0].sql}[i]], lambda {params[0]}: {second})[1]"
    tests = f"{args[0].sql} IS NULL OR {args[1].sql} IS NULL"
    return f"(CASE WHEN {tests} THEN NULL ELSE list_transform({pairs}, lambda i: {first}) END)"


def _map_concat(args: list[Value]) -> str:
    tests = " OR ".join(f"{value.sql} IS NULL" for value in args)
    return f"(CASE WHEN {tests} THEN NULL ELSE map_concat({', '.join(value.sql for value in args)}) END)"


def _map_entries(args: list[Value], what: str) -> str:
    (key, value), body = _split_lambda(args[1])
    inner = f"list_transform([e.key], lambda {key}: list_transform([e.value], lambda {value}: {body})[1])[1]"
    entries = f"map_entries({args[0].sql})"
    if what == "filter":
        changed = f"list_filter({entries}, lambda e: {inner})"
    else:
        changed = f"list_transform({entries}, lambda e: struct_pack(key := e.key, value := {inner}))"
    return f"(CASE WHEN {args[0].sql} IS NULL THEN NULL ELSE map_from_entries({changed}) END)"


scalar("cardinality", "array(T) -> bigint", "CAST(len({0}) AS BIGINT)")
scalar("cardinality", "map(K,V) -> bigint", "CAST(cardinality({0}) AS BIGINT)")
scalar(
    "contains",
    "array(T), T -> boolean",
    "(CASE WHEN {0} IS NULL OR {1} IS NULL THEN NULL WHEN list_contains({0}, {1}) THEN TRUE "
    f"WHEN {_HAS_NULL} THEN NULL ELSE FALSE END)",
    check=FLAT,
)
scalar(
    "array_position",
    "array(T), T -> bigint",
    "(CASE WHEN {0} IS NULL OR {1} IS NULL THEN NULL ELSE CAST(coalesce(list_position({0}, {1}), 0) AS BIGINT) END)",
    check=FLAT,
)
scalar("array_distinct", "array(T) -> array(T)", "trino_distinct({0})", check=FLAT)
scalar("array_sort", "array(T) -> array(T)", "list_sort({0}, 'ASC', 'NULLS LAST')", check=FLAT)
for _name, _list in (("array_max", "list_max"), ("array_min", "list_min")):
    scalar(_name, "array(T) -> T", f"(CASE WHEN {_HAS_NULL} THEN NULL ELSE {_list}({{0}}) END)", check=FLAT)
scalar("array_except", "array(T), array(T) -> array(T)", "trino_except({0}, {1})", check=FLAT)
scalar("array_union", "array(T), array(T) -> array(T)", "trino_union({0}, {1})", check=FLAT)
scalar("array_intersect", "array(T), array(T) -> array(T)", "trino_intersect({0}, {1})", check=FLAT)
scalar("array_remove", "array(T), T -> array(T)", _remove, check=FLAT)
scalar("arrays_overlap", "array(T), array(T) -> boolean", _overlap, check=FLAT)
scalar("reverse", "array(T) -> array(T)", "list_reverse({0})")
scalar("flatten", "array(array(T)) -> array(T)", "flatten({0})")
_MANY = raises(_ARGUMENT, "count argument of repeat function must be less than or equal to 10000")
_FEW = raises(_ARGUMENT, "count argument of repeat function must be greater than or equal to 0")
scalar(
    "repeat",
    "T, bigint -> array(T)",
    f"(CASE WHEN {{1}} < 0 THEN {_FEW} WHEN {{1}} > 10000 THEN {_MANY} WHEN {{1}} IS NULL THEN NULL "
    "ELSE list_transform(range({1}), lambda i: {0}) END)",
    strict=False,
)
_LOW_LENGTH = raises(_ARGUMENT, "length must be greater than or equal to 0")
_ZERO_START = raises(_ARGUMENT, "SQL array indices start at 1")
scalar(
    "slice",
    "array(T), bigint, bigint -> array(T)",
    f"(CASE WHEN {{0}} IS NULL OR {{1}} IS NULL OR {{2}} IS NULL THEN NULL WHEN {{2}} < 0 THEN {_LOW_LENGTH} "
    f"WHEN {{1}} = 0 THEN {_ZERO_START} WHEN {{1}} < 0 AND -({{1}}) > len({{0}}) THEN {{0}}[1:0] "
    "WHEN {1} < 0 THEN {0}[len({0}) + {1} + 1 : len({0}) + {1} + {2}] ELSE {0}[{1} : {1} + {2} - 1] END)",
)
_ZERO_INDEX = raises(_ARGUMENT, "SQL array indices start at 1")
scalar(
    "element_at",
    "array(T), bigint -> T",
    f"(CASE WHEN {{0}} IS NOT NULL AND {{1}} = 0 THEN {_ZERO_INDEX} ELSE {{0}}[{{1}}] END)",
)
scalar("element_at", "map(K,V), K -> V", "{0}[{1}]")
scalar("array_join", "array(T), varchar -> varchar", _join)
scalar("array_join", "array(T), varchar, varchar -> varchar", _join)
scalar("filter", "array(T), function(T,boolean) -> array(T)", "list_filter({0}, {1})")
scalar("transform", "array(T), function(T,U) -> array(U)", "list_transform({0}, {1})")
for _name in ("any_match", "all_match", "none_match"):
    scalar(_name, "array(T), function(T,boolean) -> boolean", lambda a, n=_name: _match(n, a))  # type: ignore[misc]
scalar("reduce", "array(T), S, function(S,T,S), function(S,R) -> R", _reduce)
scalar("zip_with", "array(T), array(U), function(T,U,R) -> array(R)", _zip_with)

_LENGTHS = raises(_ARGUMENT, "Key and value arrays must be the same length")
_NULL_KEY = raises(_ARGUMENT, "map key cannot be null")
_TWICE = raises(_ARGUMENT, "Duplicate map keys are not allowed")
scalar(
    "map",
    "array(K), array(V) -> map(K,V)",
    f"(CASE WHEN {{0}} IS NULL OR {{1}} IS NULL THEN NULL WHEN len({{0}}) <> len({{1}}) THEN {_LENGTHS} "
    f"WHEN {_HAS_NULL} THEN {_NULL_KEY} WHEN len(list_distinct({{0}})) <> len({{0}}) THEN {_TWICE} "
    "ELSE map({0}, {1}) END)",
)
_BOTH = "{0} IS NULL OR {1} IS NULL"
scalar(
    "zip",
    "array(T), array(U) -> array(row(T,U))",
    f"(CASE WHEN {_BOTH} THEN NULL ELSE list_transform(generate_series(1, greatest(len({{0}}), len({{1}}))), "
    "lambda i: struct_pack(f0 := {0}[i], f1 := {1}[i])) END)",
)
scalar(
    "map_entries",
    "map(K,V) -> array(row(K,V))",
    "list_transform(map_entries({0}), lambda e: struct_pack(f0 := e.key, f1 := e.value))",
)
scalar(
    "map_from_entries",
    "array(row(K,V)) -> map(K,V)",
    "map_from_entries(list_transform({0}, lambda e: struct_pack(key := e.f0, value := e.f1)))",
)
scalar("map_keys", "map(K,V) -> array(K)", "map_keys({0})")
scalar("map_values", "map(K,V) -> array(V)", "map_values({0})")
scalar("map_concat", "map(K,V), map(K,V)... -> map(K,V)", _map_concat)
scalar("map_filter", "map(K,V), function(K,V,boolean) -> map(K,V)", lambda a: _map_entries(a, "filter"))
scalar("transform_values", "map(K,V), function(K,V,W) -> map(K,W)", lambda a: _map_entries(a, "values"))
_SEQUENCE_STEP = raises(
    _ARGUMENT,
    "sequence stop value should be greater than or equal to start value if step is greater than zero "
    "otherwise stop should be less than or equal to start",
)
_SEQUENCE_LONG = raises(_ARGUMENT, "result of sequence function must not have more than 10000 entries")
_SEQUENCE_ZERO = raises(_ARGUMENT, "step must not be zero")


def sequence_sql(start: str, stop: str, step: str, series: str, distance: str) -> str:
    """A sequence with Trino's limits; ``distance`` is stop - start in the unit of ``step``."""
    return (
        f"(CASE WHEN {start} IS NULL OR {stop} IS NULL THEN NULL WHEN {step} = 0 THEN {_SEQUENCE_ZERO} "
        f"WHEN ({distance}) * sign({step}) < 0 THEN {_SEQUENCE_STEP} "
        f"WHEN ({distance}) // {step} >= 10000 THEN {_SEQUENCE_LONG} ELSE {series} END)"
    )


def _integers(args: list[Value]) -> str:
    start, stop = args[0].sql, args[1].sql
    step = args[2].sql if len(args) > 2 else f"(CASE WHEN {start} <= {stop} THEN 1 ELSE -1 END)"  # noqa: PLR2004
    series = f"generate_series({start}, {stop}, {step})"
    return sequence_sql(start, stop, step, series, f"CAST({stop} AS HUGEINT) - CAST({start} AS HUGEINT)")


def _dates(args: list[Value]) -> str:
    start, stop = args[0].sql, args[1].sql
    distance = f"CAST(({stop} - {start}) AS BIGINT)"
    if len(args) == 2:  # noqa: PLR2004
        step = f"(CASE WHEN {start} <= {stop} THEN 1 ELSE -1 END)"
    elif args[2].type.kind == "interval_day":
        step = f"({args[2].sql} // 86400000)"
        whole = raises(_ARGUMENT, "sequence step must be a day interval if start and end values are dates")
        step = f"(CASE WHEN {args[2].sql} % 86400000 <> 0 THEN {whole} ELSE {step} END)"
    else:
        return _monthly(start, stop, args[2].sql)
    days = f"generate_series(CAST(0 AS BIGINT), {distance}, {step})"
    series = f"list_transform({days}, lambda i: {start} + CAST(i AS INTEGER))"
    return sequence_sql(start, stop, step, series, distance)


def _monthly(start: str, stop: str, step: str) -> str:
    """Months are only counted from days that every month has."""
    late = refuses("A sequence of months from the 29th or later, or backwards")
    series = f"CAST(generate_series({start}, {stop}, to_months({step})) AS DATE[])"
    return (
        f"(CASE WHEN {start} IS NULL OR {stop} IS NULL THEN NULL WHEN day({start}) > 28 OR {step} <= 0 THEN {late} "
        f"WHEN {stop} < {start} THEN {_SEQUENCE_STEP} ELSE {series} END)"
    )


scalar("sequence", "bigint, bigint -> array(bigint)", _integers)
scalar("sequence", "bigint, bigint, bigint -> array(bigint)", _integers)
scalar("sequence", "date, date -> array(date)", _dates)
scalar("sequence", "date, date, interval_day -> array(date)", _dates)
scalar("sequence", "date, date, interval_month -> array(date)", _dates)
