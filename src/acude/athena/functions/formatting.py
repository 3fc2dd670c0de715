"""date_format, format_datetime, date_parse and format: their pattern must be a literal."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from acude.athena import nodes as n
from acude.athena import types
from acude.athena.casts import varchar_text
from acude.athena.errors import fail, unsupported
from acude.athena.types import VARCHAR, timestamp
from acude.athena.value import Value, local, quote, raises, refuses

if TYPE_CHECKING:
    from acude.athena.expressions import Expressions

Special = Callable[["Expressions", n.Call], Value]
MYSQL = {
    "a": "%a", "b": "%b", "c": "%-m", "d": "%d", "e": "%-d", "f": "%f", "H": "%H", "h": "%I", "I": "%I", "i": "%M",
    "j": "%j", "k": "%-H", "l": "%-I", "M": "%B", "m": "%m", "p": "%p", "r": "%I:%M:%S %p", "S": "%S", "s": "%S",
    "T": "%H:%M:%S", "v": "%V", "W": "%A", "Y": "%Y", "y": "%y", "x": "%G", "%": "%%",
}  # fmt: skip
"""What stands behind ``%`` in MySQL's patterns, as strftime says it."""
JODA = {
    "yyyy": "%Y", "y": "%Y", "yy": "%y", "YYYY": "%Y", "M": "%-m", "MM": "%m", "MMM": "%b", "MMMM": "%B", "d": "%-d",
    "dd": "%d", "H": "%-H", "HH": "%H", "h": "%-I", "hh": "%I", "m": "%-M", "mm": "%M", "s": "%-S", "ss": "%S",
    "SSS": "%g", "E": "%a", "EE": "%a", "EEE": "%a", "EEEE": "%A", "a": "%p", "DDD": "%j", "ww": "%V", "xxxx": "%G",
    "e": "%u",
}  # fmt: skip
"""Joda-Time's letters as strftime says them."""
_PARSED = {"Y": (r"\d{4}", "%Y"), "y": (r"\d{2}", ""), "m": (r"\d{1,2}", "%m"), "c": (r"\d{1,2}", "%m")} | {
    "d": (r"\d{1,2}", "%d"), "e": (r"\d{1,2}", "%d"), "H": (r"\d{1,2}", "%H"), "k": (r"\d{1,2}", "%H"),
    "i": (r"\d{1,2}", "%M"), "s": (r"\d{1,2}", "%S"), "S": (r"\d{1,2}", "%S"), "f": (r"\d{1,6}", "%f"),
    "T": (r"\d{1,2}:\d{1,2}:\d{1,2}", "%H:%M:%S"), "%": ("%", "%%"),
}  # fmt: skip
del _PARSED["y"]


def _two(exprs: "Expressions", node: n.Call) -> tuple[Value, str]:
    if len(node.args) != 2:  # noqa: PLR2004
        fail("FUNCTION_NOT_FOUND", f"Unexpected parameters for function {node.name}", node.place)
    value, pattern = (exprs.translate(arg) for arg in node.args)
    if pattern.text is None:
        if pattern.type.kind != "varchar":
            fail("FUNCTION_NOT_FOUND", f"Unexpected parameters for function {node.name}", node.place)
        unsupported(f"{node.name} with a pattern that is no literal", node.place)
    return value, pattern.text


def _formatted(value: Value, pattern: str, node: n.Call) -> Value:
    if value.type.kind not in types.TIMES:
        fail("FUNCTION_NOT_FOUND", f"Unexpected parameters ({value.type}) for function {node.name}", node.place)
    if not pattern:
        return Value(f"(CASE WHEN {value.sql} IS NOT NULL THEN '' END)", VARCHAR, value.constant)
    stamp = f"CAST({value.sql} AS TIMESTAMP)" if value.type.kind == "date" else local(value)
    far = refuses("Formatting a year outside 1000 to 9999")
    sql = f"(CASE WHEN year({stamp}) BETWEEN 1000 AND 9999 THEN strftime({stamp}, {quote(pattern)}) "
    return Value(f"{sql}WHEN {stamp} IS NULL THEN NULL ELSE {far} END)", VARCHAR, value.constant)


def _date_format(exprs: "Expressions", node: n.Call) -> Value:
    value, pattern = _two(exprs, node)
    out, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        if char != "%":
            out, at = out + char, at + 1
            continue
        letter = pattern[at + 1 : at + 2]
        if letter in {"D", "U", "u", "V", "w", "X", ""}:
            fail("INVALID_FUNCTION_ARGUMENT", f"%{letter} not supported in date format string", node.place)
        out, at = out + MYSQL.get(letter, letter), at + 2
    return _formatted(value, out, node)


def _format_datetime(exprs: "Expressions", node: n.Call) -> Value:
    value, pattern = _two(exprs, node)
    out = ""
    for match in re.finditer(r"'((?:[^']|'')*)'|([A-Za-z])\2*|([^A-Za-z'])", pattern):
        if match[1] is not None:
            out += (match[1].replace("''", "'") or "'").replace("%", "%%")
        elif match[2] is not None:
            if match[0] not in JODA:
                unsupported(f"The letters '{match[0]}' in a pattern of format_datetime", node.place)
            out += JODA[match[0]]
        else:
            out += match[0].replace("%", "%%")
    if pattern.count("'") % 2:
        fail("INVALID_FUNCTION_ARGUMENT", f"Invalid pattern: {pattern}", node.place)
    return _formatted(value, out, node)


def _date_parse(exprs: "Expressions", node: n.Call) -> Value:
    value, pattern = _two(exprs, node)
    if value.type.kind not in {"varchar", "unknown"}:
        fail("FUNCTION_NOT_FOUND", f"Unexpected parameters ({value.type}) for function date_parse", node.place)
    regex, strptime, loose, at = "", "", "", 0
    while at < len(pattern):
        char = pattern[at]
        if char == "%":
            known = _PARSED.get(pattern[at + 1 : at + 2])
            if known is None:
                unsupported(f"'{pattern[at : at + 2]}' in a pattern of date_parse", node.place)
            regex, strptime, at = regex + known[0], strptime + known[1], at + 2
            loose += r"[-+]?\d+(:\d+)*"
        else:
            escaped = re.escape(char).replace("\\ ", " ").replace("\\-", "-")
            regex, strptime, loose, at = regex + escaped, strptime + char, loose + escaped, at + 1
    text = value.sql
    parsed = f"try_strptime({text}, {quote(strptime)})"
    bad = raises("INVALID_FUNCTION_ARGUMENT", "Invalid format: the text does not match the pattern of date_parse")
    doubt = refuses("Such a text for date_parse")
    sql = (
        f"(CASE WHEN {text} IS NULL THEN NULL WHEN regexp_full_match({text}, {quote(regex)}) AND {parsed} IS NOT NULL "
        f"THEN date_trunc('millisecond', {parsed}) "
        f"WHEN NOT regexp_full_match({text}, {quote(regex)}) "
        f"AND regexp_full_match({text}, {quote(loose)}) THEN {doubt} "
        f"ELSE {bad} END)"
    )
    return Value(sql, timestamp(3), value.constant)


_SPEC = re.compile(r"%(?:(%)|(n)|([,0]*)(\d*)(?:\.(\d+))?([sdfx]))")


def _format(exprs: "Expressions", node: n.Call) -> Value:
    """Java's Formatter: ``%s``, ``%d``, ``%f`` with width, zeros, grouping and precision."""
    values = [exprs.translate(arg) for arg in node.args]
    if not values or values[0].text is None:
        unsupported("format with a pattern that is no literal", node.place)
    pattern, rest = values[0].text, values[1:]
    parts, end, used = [], 0, 0
    for match in _SPEC.finditer(pattern):
        parts.append(quote(pattern[end : match.start()]))
        if "%" in pattern[end : match.start()]:
            unsupported(f"The format '{pattern}'", node.place)
        end = match.end()
        if match[1] or match[2]:
            parts.append(quote("%" if match[1] else "\n"))
            continue
        if used >= len(rest):
            fail(
                "INVALID_FUNCTION_ARGUMENT",
                f"Invalid format string: {pattern} (Format specifier '{match[0]}')",
                node.place,
            )
        parts.append(_piece(rest[used], match, node))
        used += 1
    if "%" in pattern[end:]:
        unsupported(f"The format '{pattern}'", node.place)
    parts.append(quote(pattern[end:]))
    return Value(f"({' || '.join(parts)})", VARCHAR, all(value.constant for value in values))


def _piece(value: Value, match: re.Match[str], node: n.Call) -> str:
    flags, width, precision, letter = match[3], match[4], match[5], match[6]
    kind = value.type.kind
    if (
        letter == "s"
        and not flags
        and precision is None
        and kind in {"varchar", "integer", "bigint", "boolean", "decimal", "date"}
    ):
        text = f"coalesce({varchar_text(value)}, 'null')"
        return (
            f"(CASE WHEN length({text}) < {width} THEN lpad({text}, {width}, ' ') ELSE {text} END)" if width else text
        )
    integral = letter == "d" and kind in types.INTEGERS and precision is None
    fractional = letter == "f" and kind in {"decimal", "double"}
    if not integral and not fractional:
        if kind in {*types.NUMBERS, "varchar", "boolean"} and letter in {"d", "f"}:
            fail(
                "INVALID_FUNCTION_ARGUMENT", f"Invalid format string: {match[0]} cannot format {value.type}", node.place
            )
        unsupported(f"{match[0]} of {value.type} in format", node.place)
    digits = 0 if integral else int(precision or 6)
    nothing = refuses("format of null as a number")
    number = f"acude_java_number(CAST({value.sql} AS VARCHAR), {digits}, {quote(flags)}, {int(width or 0)})"
    return f"(CASE WHEN {value.sql} IS NULL THEN {nothing} ELSE {number} END)"


FORMATTING: dict[str, Special] = {
    "date_format": _date_format,
    "format_datetime": _format_datetime,
    "date_parse": _date_parse,
    "format": _format,
}
