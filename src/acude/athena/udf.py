"""What DuckDB has no exact function for, in Python.

Every function takes and returns DuckDB values; a failure is a ValueError whose text is ``@NAME: message``.
"""

import base64
import hashlib
import math
import re
import zlib
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import duckdb

from acude.athena import json_text as js
from acude.athena.java_text import bad, double_text, java_number, real_text


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
        raise bad("INVALID_FUNCTION_ARGUMENT", "URLDecoder: Incomplete trailing escape (%) pattern")
    return unquote_plus(text)


_URL = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#([^#]*))?")


_HOST = re.compile(r"(?:[A-Za-z0-9._~-]*@)?([A-Za-z0-9.-]*)(?::(\d*))?")


def url_part(text: str, part: str) -> str | None:
    """``url_extract_host``, ``_path``, ``_protocol``, ``_query``, ``_fragment`` or ``_port`` of a plain URL.

    What ``java.net.URI`` refuses gives null; what it decodes or reads in a way of its own is refused here.
    """
    if re.search(r"[^\x00-\x7f]|[\[\]%+]|#.*#", text):
        raise bad("NOT_SUPPORTED", "Reading such a URL is not available on the local Athena endpoint")
    match = _URL.fullmatch(text)
    if match is None or re.search(r"[^\w\-.~:/?#@!$&'()*,;=]", text):
        return None
    scheme, authority, path, query, fragment = match.groups()
    if part in {"host", "port"}:
        host = _HOST.fullmatch(authority or "")
        if host is None:
            raise bad("NOT_SUPPORTED", "Reading such a host is not available on the local Athena endpoint")
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
        raise bad("INVALID_FUNCTION_ARGUMENT", "Invalid argument found: a finite number of seconds from 0 is expected")
    rest = int(seconds + 0.5)
    parts: list[str] = []
    for name, length in (("week", 604_800), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, rest = divmod(rest, length)
        if count or (name == "second" and not parts):
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return ", ".join(parts)


def from_utf8(data: bytes) -> str:
    """``from_utf8``; what is no UTF-8 is refused, for Trino puts replacement characters there."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise bad("NOT_SUPPORTED", "from_utf8 of invalid UTF-8 is not available on the local endpoint") from None


def from_base64(text: str) -> bytes:
    """``from_base64``."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise bad("INVALID_FUNCTION_ARGUMENT", "Illegal base64 character or wrong ending") from None


def crc32(data: bytes) -> int:
    """``crc32``."""
    return zlib.crc32(data)


def sha512(data: bytes) -> bytes:
    """``sha512``."""
    return hashlib.sha512(data).digest()


FUNCTIONS: list[tuple[str, Callable[..., Any], list[str], str]] = [
    ("acude_json_parse", js.json_parse, ["VARCHAR"], "VARCHAR"),
    ("acude_json_extract", js.json_extract, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("acude_json_extract_scalar", js.json_extract_scalar, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("acude_json_size", js.json_size, ["VARCHAR", "VARCHAR"], "BIGINT"),
    ("acude_json_array_length", js.json_array_length, ["VARCHAR"], "BIGINT"),
    ("acude_json_array_get", js.json_array_get, ["VARCHAR", "BIGINT"], "VARCHAR"),
    ("acude_json_array_contains", js.json_array_contains, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    ("acude_is_json_scalar", js.is_json_scalar, ["VARCHAR"], "BOOLEAN"),
    ("acude_json_items", js.json_items, ["VARCHAR"], "VARCHAR[]"),
    ("acude_json_keys", js.json_keys, ["VARCHAR"], "VARCHAR[]"),
    ("acude_json_values", js.json_values, ["VARCHAR"], "VARCHAR[]"),
    ("acude_json_to_varchar", js.json_to_varchar, ["VARCHAR"], "VARCHAR"),
    ("acude_json_to_number", js.json_to_number, ["VARCHAR"], "VARCHAR"),
    ("acude_json_to_double", js.json_to_double, ["VARCHAR"], "DOUBLE"),
    ("acude_json_to_boolean", js.json_to_boolean, ["VARCHAR"], "BOOLEAN"),
    ("acude_json_value", js.json_value, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("acude_json_query", js.json_query, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("acude_json_exists", js.json_exists, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
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
