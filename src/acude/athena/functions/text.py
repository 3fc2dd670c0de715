"""Strings. Positions and lengths count code points."""

from collections.abc import Callable, Mapping

from acude.athena.errors import fail, unsupported
from acude.athena.functions.registry import UNBOUNDED, scalar
from acude.athena.patterns import Regex, replacement
from acude.athena.types import VARCHAR, Type, array, varchar
from acude.athena.value import Value, quote, raises, refuses

_WHITESPACE = (
    "".join(
        map(
            chr, [*range(9, 14), *range(28, 33), 0x1680, *range(0x2000, 0x2007), *range(0x2008, 0x200B), 0x2028, 0x2029]
        )
    )
    + chr(0x205F)
    + chr(0x3000)
)
_ARGUMENT = "INVALID_FUNCTION_ARGUMENT"


def _sized(formula: Callable[[Mapping[str, int]], int]) -> Callable[[Mapping[str, int]], Type]:
    return lambda bound: varchar(min(UNBOUNDED, formula(bound)))


def _null_if_any(args: list[Value], sql: str) -> str:
    tests = " OR ".join(f"{value.sql} IS NULL" for value in args if not value.constant) or "FALSE"
    return f"(CASE WHEN {tests} THEN NULL {sql} END)"


def _substr(args: list[Value]) -> str:
    text, start = args[0].sql, args[1]
    length = Value(f"least({args[2].sql}, 2147483647)", args[2].type) if len(args) > 2 else None  # noqa: PLR2004
    from_end = f"WHEN {start.sql} < 0 AND -({start.sql}) > length({text}) THEN ''"
    tests = "" if start.number and start.number > 0 else f"WHEN {start.sql} = 0 THEN '' {from_end} "
    if length is None:
        return (
            _null_if_any(args, f"{tests}ELSE substr({text}, {start.sql})") if tests else f"substr({text}, {start.sql})"
        )
    return _null_if_any(args, f"{tests}WHEN {length.sql} <= 0 THEN '' ELSE substr({text}, {start.sql}, {length.sql})")


def _guarded_case(function: str, special: str) -> str:
    """Upper and lower case where DuckDB's and Java's tables agree."""
    differs = f"regexp_matches({{0}}, {quote(f'[{special}]')})"
    return f"(CASE WHEN {differs} THEN {refuses(function)} ELSE {function}({{0}}) END)"


def _pad(side: str) -> str:
    size = raises(_ARGUMENT, "Target length must be in the range [0..2147483647]")
    empty = raises(_ARGUMENT, "Padding string must not be empty")
    padded = f"{side}({{0}}, CAST({{1}} AS INTEGER), {{2}})"
    return f"(CASE WHEN {{1}} < 0 OR {{1}} > 2147483647 THEN {size} WHEN {{2}} = '' THEN {empty} ELSE {padded} END)"


def _replace(args: list[Value]) -> str:
    plain = f"replace({args[0].sql}, {args[1].sql}, {args[2].sql})"
    if args[1].text:
        return plain
    return f"(CASE WHEN {args[1].sql} = '' THEN {refuses('replace of an empty text')} ELSE {plain} END)"


def _codepoint(args: list[Value]) -> str:
    if args[0].type.precision != 1:
        fail("FUNCTION_NOT_FOUND", f"Unexpected parameters ({args[0].type}) for function codepoint")
    return f"(CASE WHEN {args[0].sql} = '' THEN NULL ELSE unicode({args[0].sql}) END)"


def _array_x(bound: Mapping[str, int]) -> Type:
    return array(VARCHAR if bound["x"] >= UNBOUNDED else varchar(bound["x"]))


_NO_DELIMITER = raises(_ARGUMENT, "The delimiter may not be the empty string")
_LOW_INDEX = raises(_ARGUMENT, "Index must be greater than zero")
_LOW_LIMIT = raises(_ARGUMENT, "Limit must be positive")
_PARTS = "string_split({0}, {1})"
_LIMITED = (
    f"(CASE WHEN len({_PARTS}) <= {{2}} THEN {_PARTS} ELSE list_append({_PARTS}[1:{{2}} - 1], "
    f"array_to_string({_PARTS}[{{2}}:], {{1}})) END)"
)
UPPER_DIFFERS = (
    r"\x{df}\x{2c5f}\x{a7c1}\x{a7d1}\x{a7d7}\x{a7d9}"
    r"\x{10597}-\x{105a1}\x{105a3}-\x{105b1}\x{105b3}-\x{105b9}\x{105bb}-\x{105bc}"
)
LOWER_DIFFERS = (
    r"\x{2c2f}\x{a7c0}\x{a7d0}\x{a7d6}\x{a7d8}"
    r"\x{10570}-\x{1057a}\x{1057c}-\x{1058a}\x{1058c}-\x{10592}\x{10594}-\x{10595}"
)
"""Code points whose case mapping differs between DuckDB and Java 17; all of Unicode was compared."""

scalar("length", "varchar -> bigint", "length({0})")
scalar("upper", "varchar(x) -> varchar(x)", _guarded_case("upper", UPPER_DIFFERS))
scalar("lower", "varchar(x) -> varchar(x)", _guarded_case("lower", LOWER_DIFFERS))
for _name in ("trim", "ltrim", "rtrim"):
    scalar(_name, "varchar(x) -> varchar(x)", f"{_name}({{0}}, {quote(_WHITESPACE)})")
    scalar(_name, "varchar(x), varchar -> varchar(x)", f"{_name}({{0}}, {{1}})")
scalar("reverse", "varchar(x) -> varchar(x)", "array_to_string(list_reverse(string_split({0}, '')), '')")
for _name in ("substr", "substring"):
    scalar(_name, "varchar(x), bigint -> varchar(x)", _substr)
    scalar(_name, "varchar(x), bigint, bigint -> varchar(x)", _substr)
scalar("replace", "varchar(x), varchar(y) -> varchar(x)", lambda a: _replace([*a, Value("''", VARCHAR)]))
scalar(
    "replace",
    "varchar(x), varchar(y), varchar(z)",
    _replace,
    result=_sized(lambda b: b["x"] + b["z"] * (b["x"] + 1)),
)
scalar("strpos", "varchar, varchar -> bigint", "strpos({0}, {1})")
scalar("starts_with", "varchar, varchar -> boolean", "starts_with({0}, {1})")
scalar("lpad", "varchar, bigint, varchar -> varchar", _pad("lpad"))
scalar("rpad", "varchar, bigint, varchar -> varchar", _pad("rpad"))
scalar("translate", "varchar, varchar, varchar -> varchar", "translate({0}, {1}, {2})")
scalar(
    "split",
    "varchar(x), varchar -> array(varchar)",
    f"(CASE WHEN {{1}} = '' THEN {_NO_DELIMITER} ELSE {_PARTS} END)",
    result=_array_x,
)
scalar(
    "split",
    "varchar(x), varchar, bigint",
    f"(CASE WHEN {{1}} = '' THEN {_NO_DELIMITER} WHEN {{2}} <= 0 THEN {_LOW_LIMIT} ELSE {_LIMITED} END)",
    result=_array_x,
)
scalar(
    "split_part",
    "varchar(x), varchar, bigint -> varchar(x)",
    f"(CASE WHEN {{2}} <= 0 THEN {_LOW_INDEX} WHEN {{1}} = '' THEN {refuses('split_part without a delimiter')} "
    f"ELSE {_PARTS}[{{2}}] END)",
)
_NO_CODE_POINT = raises(_ARGUMENT, "Not a valid Unicode code point")
scalar(
    "chr",
    "bigint",
    f"(CASE WHEN {{0}} < 0 OR {{0}} > 1114111 OR {{0}} BETWEEN 55296 AND 57343 THEN {_NO_CODE_POINT} "
    "ELSE chr(CAST({0} AS INTEGER)) END)",
    result=lambda _: varchar(1),
)
scalar("codepoint", "varchar(x) -> integer", _codepoint)
scalar("concat_ws", "varchar, array(varchar) -> varchar", "array_to_string({1}, {0})")
scalar(
    "concat_ws",
    "varchar, varchar... -> varchar",
    lambda a: f"(CASE WHEN {a[0].sql} IS NULL THEN NULL ELSE concat_ws({', '.join(v.sql for v in a)}) END)",
    strict=False,
)
_ASCII = "length({0}) = strlen({0}) AND length({1}) = strlen({1})"
scalar(
    "levenshtein_distance",
    "varchar, varchar -> bigint",
    f"(CASE WHEN {_ASCII} THEN levenshtein({{0}}, {{1}}) WHEN {{0}} IS NULL OR {{1}} IS NULL THEN NULL "
    f"ELSE {refuses('levenshtein_distance beyond ASCII')} END)",
)
scalar("to_utf8", "varchar -> varbinary", "encode({0})")
scalar("length", "varbinary -> bigint", "octet_length({0})")
scalar("to_hex", "varbinary -> varchar", "hex({0})")
scalar("from_hex", "varchar -> varbinary", "from_hex({0})")
scalar("to_base64", "varbinary -> varchar", "to_base64({0})")
scalar("md5", "varbinary -> varbinary", "from_hex(md5({0}))")
scalar("sha1", "varbinary -> varbinary", "from_hex(sha1({0}))")
scalar("sha256", "varbinary -> varbinary", "from_hex(sha256({0}))")
scalar("sha512", "varbinary -> varbinary", "acude_sha512({0})")
scalar("crc32", "varbinary -> bigint", "acude_crc32({0})")
scalar("from_utf8", "varbinary -> varchar", "acude_from_utf8({0})")
scalar("from_base64", "varchar -> varbinary", "acude_from_base64({0})")

for _part in ("host", "path", "protocol", "query", "fragment"):
    scalar(f"url_extract_{_part}", "varchar(x) -> varchar(x)", f"acude_url_part({{0}}, '{_part}')")
scalar("url_extract_port", "varchar -> bigint", "CAST(acude_url_part({0}, 'port') AS BIGINT)")
scalar("url_extract_parameter", "varchar(x), varchar -> varchar(x)", "acude_url_parameter({0}, {1})")
scalar("url_encode", "varchar(x)", "acude_url_encode({0})", result=_sized(lambda b: b["x"] * 12))
scalar("url_decode", "varchar(x) -> varchar(x)", "acude_url_decode({0})")


def _regex(args: list[Value]) -> Regex:
    if args[1].text is None:
        unsupported("A regular expression that is no literal")
    return Regex.read(args[1].text)


def _group(args: list[Value], regex: Regex) -> int:
    if len(args) < 3:  # noqa: PLR2004
        return 0
    if args[2].number is None:
        unsupported("A group number that is no literal")
    if not 0 <= args[2].number <= regex.groups:
        fail(_ARGUMENT, f"Pattern has {regex.groups} groups. Cannot access group {args[2].number}")
    if args[2].number in regex.optional:
        unsupported("Reading a group that may not take part in the match")
    return args[2].number


def _like(args: list[Value]) -> str:
    regex = _regex(args)
    return regex.guard(args[0].sql, f"regexp_matches({args[0].sql}, {regex.sql})")


def _extract(args: list[Value]) -> str:
    regex = _regex(args)
    text, group = args[0].sql, _group(args, regex)
    found = f"regexp_extract({text}, {regex.sql}, {group})"
    return regex.guard(text, f"CASE WHEN regexp_matches({text}, {regex.sql}) THEN {found} ELSE NULL END")


def _extract_all(args: list[Value]) -> str:
    regex = _regex(args).repeating()
    return regex.guard(args[0].sql, f"regexp_extract_all({args[0].sql}, {regex.sql}, {_group(args, regex)})")


def _split_regex(args: list[Value]) -> str:
    regex = _regex(args).repeating()
    return regex.guard(args[0].sql, f"regexp_split_to_array({args[0].sql}, {regex.sql})")


def _count(args: list[Value]) -> str:
    regex = _regex(args).repeating()
    return regex.guard(args[0].sql, f"len(regexp_extract_all({args[0].sql}, {regex.sql}))")


def _replace_regex(args: list[Value]) -> str:
    regex = _regex(args).repeating()
    if len(args) > 2 and args[2].text is None:  # noqa: PLR2004
        unsupported("A replacement that is no literal")
    new = replacement(args[2].text or "", regex) if len(args) > 2 else ""  # noqa: PLR2004
    return regex.guard(args[0].sql, f"regexp_replace({args[0].sql}, {regex.sql}, {quote(new)}, 'g')")


scalar("regexp_like", "varchar(x), varchar -> boolean", _like)
scalar("regexp_extract", "varchar(x), varchar -> varchar(x)", _extract)
scalar("regexp_extract", "varchar(x), varchar, bigint -> varchar(x)", _extract)
scalar("regexp_extract_all", "varchar(x), varchar", _extract_all, result=_array_x)
scalar("regexp_extract_all", "varchar(x), varchar, bigint", _extract_all, result=_array_x)
scalar("regexp_split", "varchar(x), varchar", _split_regex, result=_array_x)
scalar("regexp_count", "varchar(x), varchar -> bigint", _count)
scalar("regexp_replace", "varchar(x), varchar -> varchar(x)", _replace_regex)
scalar(
    "regexp_replace",
    "varchar(x), varchar, varchar(y)",
    _replace_regex,
    result=_sized(lambda b: b["x"] + max(b["x"] * b["y"] // 2, b["y"]) * (b["x"] + 1)),
)
