"""What DuckDB has no exact function for, in Python: JSON text, Java's number formats, histograms.

Every function takes and returns DuckDB values; a failure is a ValueError whose text is ``@NAME: message``.
"""

import base64
import hashlib
import json
import math
import re
import zlib
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import wraps
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import duckdb
import numpy as np

_PLAIN_FROM, _PLAIN_TO = 1e-3, 1e7
"""Java writes doubles in between without an exponent."""


class _Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


def _bad(name: str, message: str) -> ValueError:
    return ValueError(f"@{name}: {message}@")


def _constant(text: str) -> None:
    raise ValueError(text)


def load(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """Reads JSON, numbers as text. Raises ValueError where it is none."""
    return json.loads(text, parse_int=_Number, parse_float=_Number, parse_constant=_constant)


def dump(value: Any, *, ordered: bool = True) -> str:  # noqa: ANN401 - any JSON value
    """Writes JSON without blanks; fractions become doubles, as they do in Trino's JSON type."""
    if isinstance(value, _Number):
        return java_double(float(value)) if re.search(r"[.eE]", value) else str(value)
    if isinstance(value, dict):
        keys = sorted(value) if ordered else value
        return "{" + ",".join(f"{_text(key)}:{dump(value[key], ordered=ordered)}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(dump(item, ordered=ordered) for item in value) + "]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return _text(value)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def json_parse(text: str) -> str:
    """``json_parse``: canonical text."""
    try:
        return dump(load(text))
    except ValueError:
        raise _bad("INVALID_FUNCTION_ARGUMENT", "Cannot convert value to JSON") from None


_STEP = re.compile(r"\.([A-Za-z_][\w]*)|\[(\d+)\]|\[\"([^\"\\]*)\"\]")


def path_steps(path: str) -> list[str | int] | None:
    """The steps of a plain path such as ``$.a.b[0]["c d"]``; None for any other."""
    if not path.startswith("$"):
        return None
    steps: list[str | int] = []
    position = 1
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            return None
        steps.append(int(match[2]) if match[2] is not None else match[1] or match[3] or "")
        position = match.end()
    return steps


_MISSING = object()


def _step(found: Any, step: str | int) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(step, int):
        return found[step] if isinstance(found, list) and step < len(found) else _MISSING
    return found.get(step, _MISSING) if isinstance(found, dict) else _MISSING


def _walk(text: str, path: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        found = load(text)
    except ValueError:
        if re.match(r'\s*[\[{"\d-]', text):  # Trino's reader may find the value before it meets the error
            raise _bad("NOT_SUPPORTED", "Reading broken JSON is not available on the local Athena endpoint") from None
        return _MISSING
    for step in path_steps(path) or []:
        found = _step(found, step)
        if found is _MISSING:
            break
    return found


def json_extract(text: str, path: str) -> str | None:
    """``json_extract``: keys stay in their order."""
    found = _walk(text, path)
    return None if found is _MISSING else dump(found, ordered=False)


def json_extract_scalar(text: str, path: str) -> str | None:
    """``json_extract_scalar``: null for objects, arrays and JSON's null."""
    found = _walk(text, path)
    return None if found is _MISSING else _scalar(found)


def _scalar(found: Any) -> str | None:  # noqa: ANN401 - any JSON value
    if isinstance(found, bool):
        return "true" if found else "false"
    return str(found) if isinstance(found, str) else None


def json_size(text: str, path: str) -> int | None:
    """``json_size``: members of an object or array, 0 for scalars."""
    found = _walk(text, path)
    if found is _MISSING:
        return None
    return len(found) if isinstance(found, dict | list) else 0


def json_array_length(text: str) -> int | None:
    """``json_array_length``."""
    found = _walk(text, "$")
    return len(found) if isinstance(found, list) else None


def json_array_get(text: str, index: int) -> str | None:
    """``json_array_get``; a negative index counts from the end."""
    found = _walk(text, "$")
    if not isinstance(found, list) or not -len(found) <= index < len(found):
        return None
    return dump(found[index])


def json_array_contains(text: str, wanted: str) -> bool | None:
    """``json_array_contains`` for a string."""
    found = _walk(text, "$")
    if not isinstance(found, list):
        return None
    return any(isinstance(item, str) and not isinstance(item, _Number) and item == wanted for item in found)


def is_json_scalar(text: str) -> bool:
    """``is_json_scalar``."""
    found = _walk(text, "$")
    if found is _MISSING:
        raise _bad("INVALID_FUNCTION_ARGUMENT", "Invalid JSON value")
    return not isinstance(found, dict | list)


def json_items(text: str) -> list[str | None] | None:
    """A JSON array's elements, for a cast to array."""
    found = _walk(text, "$")
    if found is None:
        return None
    if not isinstance(found, list):
        raise _bad("INVALID_CAST_ARGUMENT", "Cannot cast the JSON value to an array")
    return [None if item is None else dump(item) for item in found]


def _members(text: str) -> dict[str, Any] | None:
    found = _walk(text, "$")
    if found is not None and not isinstance(found, dict):
        raise _bad("INVALID_CAST_ARGUMENT", "Cannot cast the JSON value to a map")
    return found


def json_keys(text: str) -> list[str] | None:
    """A JSON object's keys, for a cast to map."""
    members = _members(text)
    return None if members is None else list(members)


def json_values(text: str) -> list[str | None] | None:
    """A JSON object's values, for a cast to map."""
    members = _members(text)
    return None if members is None else [None if item is None else dump(item) for item in members.values()]


def json_to_varchar(text: str) -> str | None:
    """``CAST(json AS varchar)``."""
    found = _walk(text, "$")
    if isinstance(found, dict | list):
        raise _bad("INVALID_CAST_ARGUMENT", "Cannot cast the JSON value to varchar")
    if isinstance(found, _Number) and re.search(r"[.eE]", found):
        return double_text(float(found))
    return _scalar(found)


def json_to_number(text: str) -> str | None:
    """A JSON scalar as the text of a number."""
    found = _walk(text, "$")
    if isinstance(found, bool):
        return "1" if found else "0"
    if isinstance(found, str) and re.fullmatch(r"[+-]?\d+(\.\d+)?", found):
        return str(found)
    if found is None:
        return None
    raise _bad("INVALID_CAST_ARGUMENT", "Cannot cast the JSON value to a number")


def json_to_double(text: str) -> float | None:
    """``CAST(json AS double)``."""
    found = json_to_number(text) if not re.fullmatch(r"[+-]?[\d.]+[eE][+-]?\d+", text) else text
    return None if found is None else float(found)


def json_to_boolean(text: str) -> bool | None:
    """``CAST(json AS boolean)``."""
    found = _walk(text, "$")
    if found is None or isinstance(found, bool):
        return found
    if isinstance(found, _Number):
        return float(found) != 0
    if isinstance(found, str) and found.lower() in {"true", "false"}:
        return found.lower() == "true"
    raise _bad("INVALID_CAST_ARGUMENT", "Cannot cast the JSON value to boolean")


def _lax(text: str, path: str) -> Any:  # noqa: ANN401 - any JSON value
    steps = path_steps(re.sub(r"^\s*lax\s+", "", path).strip()) or []
    try:
        found = load(text)
    except ValueError:
        return _MISSING
    for step in steps:
        if isinstance(step, str) and isinstance(found, list):
            raise _bad("NOT_SUPPORTED", "A lax path through an array is not available on the local Athena endpoint")
        found = _step([found] if isinstance(step, int) and not isinstance(found, list) else found, step)
        if found is _MISSING:
            break
    return found


def json_value(text: str, path: str) -> str | None:
    """``json_value`` with its defaults: NULL ON EMPTY, NULL ON ERROR."""
    found = _lax(text, path)
    return None if found is _MISSING else _scalar(found)


def json_query(text: str, path: str) -> str | None:
    """``json_query`` with its defaults: WITHOUT WRAPPER, NULL ON EMPTY, NULL ON ERROR."""
    found = _lax(text, path)
    if found is _MISSING:
        return None
    return json.dumps(_ordered(found), ensure_ascii=False, separators=(",", ":"))


def _ordered(found: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(found, _Number):
        if not re.fullmatch(r"-?\d+", found):
            raise _bad("NOT_SUPPORTED", "json_query over fractions is not available on the local Athena endpoint")
        return int(found)
    if isinstance(found, dict):
        return {key: _ordered(value) for key, value in found.items()}
    return [_ordered(item) for item in found] if isinstance(found, list) else found


def json_exists(text: str, path: str) -> bool:
    """``json_exists`` with its default FALSE ON ERROR."""
    return _lax(text, path) is not _MISSING


def _scientific(digits: str, value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    sign = "-" if digits.startswith("-") else ""
    mantissa, _, exponent = digits.lstrip("-").lower().partition("e")
    whole, _, fraction = mantissa.partition(".")
    power = int(exponent or 0)
    figures = (whole + fraction).lstrip("0")
    if not figures:
        return f"{sign}0.0E0"
    power += len(whole) - 1 if whole.strip("0") else len(figures) - len(fraction) - 1
    figures = figures.rstrip("0")
    return f"{sign}{figures[0]}.{figures[1:] or '0'}E{power}"


def java_double(value: float, shortest: str | None = None) -> str:
    """A double as Java's ``Double.toString`` writes it; ``shortest`` gives a real's digits."""
    if not math.isfinite(value):
        return _scientific("", value)
    text = shortest or repr(float(value))
    if value != 0 and not _PLAIN_FROM <= abs(value) < _PLAIN_TO:
        return _scientific(text, value)
    if "e" in text:
        text = format(Decimal(text), "f")
    return text if "." in text else f"{text}.0"


def double_text(value: float) -> str:
    """A double as Trino casts it to varchar: ``1.0E0``."""
    return _scientific(repr(float(value)), value)


def real_text(value: float) -> str:
    """A real as Trino casts it to varchar."""
    return _scientific(str(np.format_float_scientific(np.float32(value), trim="0")), value)


def numeric_histogram(buckets: int, values: list[float]) -> dict[float, float] | None:
    """``numeric_histogram``: nearest pairs merge until so many buckets are left."""
    weights: dict[float, float] = {}
    for value in values or []:
        if value is not None:
            weights[value] = weights.get(value, 0.0) + 1.0
    bins = sorted(weights.items())
    while len(bins) > buckets:
        at = min(range(len(bins) - 1), key=lambda i: _penalty(bins[i], bins[i + 1]))
        (a, n), (b, m) = bins[at], bins[at + 1]
        bins[at : at + 2] = [((a * n + b * m) / (n + m), n + m)]
    return dict(bins) or None


def _penalty(left: tuple[float, float], right: tuple[float, float]) -> float:
    (a, n), (b, m) = left, right
    return (a - b) ** 2 * n * m / (n + m)


def url_encode(text: str) -> str:
    """``url_encode``, as application/x-www-form-urlencoded; ``*`` stays."""
    return quote_plus(text, safe="*").replace("~", "%7E")


def url_decode(text: str) -> str:
    """``url_decode``."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise _bad("INVALID_FUNCTION_ARGUMENT", "URLDecoder: Incomplete trailing escape (%) pattern")
    return unquote_plus(text)


_URL = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#([^#]*))?")
_HOST = re.compile(r"(?:[A-Za-z0-9._~-]*@)?([A-Za-z0-9.-]*)(?::(\d*))?")


def url_part(text: str, part: str) -> str | None:
    """``url_extract_host``, ``_path``, ``_protocol``, ``_query``, ``_fragment`` or ``_port`` of a plain URL.

    What ``java.net.URI`` refuses gives null; what it decodes or reads in a way of its own is refused here.
    """
    if re.search(r"[^\x00-\x7f]|[\[\]%+]|#.*#", text):
        raise _bad("NOT_SUPPORTED", "Reading such a URL is not available on the local Athena endpoint")
    match = _URL.fullmatch(text)
    if match is None or re.search(r"[^\w\-.~:/?#@!$&'()*,;=]", text):
        return None
    scheme, authority, path, query, fragment = match.groups()
    if part in {"host", "port"}:
        host = _HOST.fullmatch(authority or "")
        if host is None:
            raise _bad("NOT_SUPPORTED", "Reading such a host is not available on the local Athena endpoint")
        return (host[1] if part == "host" else host[2]) or None
    found = {"protocol": scheme, "path": path, "query": query, "fragment": fragment}[part]
    return str(found) if found is not None else None


def url_parameter(text: str, name: str) -> str | None:
    """``url_extract_parameter``: the first value of that name."""
    for pair in (url_part(text, "query") or "").split("&"):
        key, _, value = pair.partition("=")
        if key == name and pair:
            return value
    return None


def cbrt(value: float) -> float:
    """``cbrt``, exact for cubes."""
    return math.cbrt(value)


def human_seconds(seconds: float) -> str:
    """``human_readable_seconds``."""
    if not math.isfinite(seconds) or seconds < 0:
        raise _bad("INVALID_FUNCTION_ARGUMENT", "Invalid argument found: a finite number of seconds from 0 is expected")
    rest = int(seconds + 0.5)
    parts: list[str] = []
    for name, length in (("week", 604_800), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, rest = divmod(rest, length)
        if count or (name == "second" and not parts):
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return ", ".join(parts)


def java_number(text: str, digits: int, flags: str, width: int) -> str:
    """A number as Java's Formatter writes it: rounded half up, grouped by commas, filled with blanks or zeros."""
    number = Decimal(text)
    if not number.is_finite():
        raise _bad("NOT_SUPPORTED", "format of NaN or infinity is not available on the local Athena endpoint")
    with localcontext(prec=400):
        rounded = number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    shown = f"{rounded:,f}" if "," in flags else f"{rounded:f}"
    return shown.zfill(width) if "0" in flags else shown.rjust(width)


def from_utf8(data: bytes) -> str:
    """``from_utf8``; what is no UTF-8 is refused, for Trino puts replacement characters there."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise _bad("NOT_SUPPORTED", "from_utf8 of invalid UTF-8 is not available on the local endpoint") from None


def from_base64(text: str) -> bytes:
    """``from_base64``."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise _bad("INVALID_FUNCTION_ARGUMENT", "Illegal base64 character or wrong ending") from None


def crc32(data: bytes) -> int:
    """``crc32``."""
    return zlib.crc32(data)


def sha512(data: bytes) -> bytes:
    """``sha512``."""
    return hashlib.sha512(data).digest()


FUNCTIONS: list[tuple[str, Callable[..., Any], list[str], str]] = [
    ("acude_json_parse", json_parse, ["VARCHAR"], "VARCHAR"),
    ("acude_json_extract", json_extract, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("acude_json_extract_scalar", json_extract_scalar, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("acude_json_size", json_size, ["VARCHAR", "VARCHAR"], "BIGINT"),
    ("acude_json_array_length", json_array_length, ["VARCHAR"], "BIGINT"),
    ("acude_json_array_get", json_array_get, ["VARCHAR", "BIGINT"], "VARCHAR"),
    ("acude_json_array_contains", json_array_contains, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    ("acude_is_json_scalar", is_json_scalar, ["VARCHAR"], "BOOLEAN"),
    ("acude_json_items", json_items, ["VARCHAR"], "VARCHAR[]"),
    ("acude_json_keys", json_keys, ["VARCHAR"], "VARCHAR[]"),
    ("acude_json_values", json_values, ["VARCHAR"], "VARCHAR[]"),
    ("acude_json_to_varchar", json_to_varchar, ["VARCHAR"], "VARCHAR"),
    ("acude_json_to_number", json_to_number, ["VARCHAR"], "VARCHAR"),
    ("acude_json_to_double", json_to_double, ["VARCHAR"], "DOUBLE"),
    ("acude_json_to_boolean", json_to_boolean, ["VARCHAR"], "BOOLEAN"),
    ("acude_json_value", json_value, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("acude_json_query", json_query, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("acude_json_exists", json_exists, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    ("acude_double_text", double_text, ["DOUBLE"], "VARCHAR"),
    ("acude_real_text", real_text, ["FLOAT"], "VARCHAR"),
    ("acude_numeric_histogram", numeric_histogram, ["BIGINT", "DOUBLE[]"], "MAP(DOUBLE, DOUBLE)"),
    ("acude_cbrt", cbrt, ["DOUBLE"], "DOUBLE"),
    ("acude_human_seconds", human_seconds, ["DOUBLE"], "VARCHAR"),
    ("acude_java_number", java_number, ["VARCHAR", "INTEGER", "VARCHAR", "INTEGER"], "VARCHAR"),
    ("acude_from_utf8", from_utf8, ["BLOB"], "VARCHAR"),
    ("acude_from_base64", from_base64, ["VARCHAR"], "BLOB"),
    ("acude_sha512", sha512, ["BLOB"], "BLOB"),
    ("acude_crc32", crc32, ["BLOB"], "BIGINT"),
    ("acude_url_encode", url_encode, ["VARCHAR"], "VARCHAR"),
    ("acude_url_decode", url_decode, ["VARCHAR"], "VARCHAR"),
    ("acude_url_part", url_part, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("acude_url_parameter", url_parameter, ["VARCHAR", "VARCHAR"], "VARCHAR"),
]


def install(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the functions known to a database."""
    for name, function, arguments, result in FUNCTIONS:
        connection.create_function(  # type: ignore[call-overload]
            name, _strict(function), arguments, result, null_handling="special"
        )


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(*arguments: Any) -> Any:  # noqa: ANN401 - whatever the engine passes
        return None if None in arguments else function(*arguments)

    return call
