"""JSON text as Trino reads and writes it.

A failure is a ValueError whose text is ``@NAME: message``.
"""

import json
import re
from typing import Any

from acude.athena.java_text import bad, double_text, java_double


class _Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


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
        raise bad("INVALID_FUNCTION_ARGUMENT", "Cannot convert value to JSON") from None


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
            raise bad("NOT_SUPPORTED", "Reading broken JSON is not available on the local Athena endpoint") from None
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
        raise bad("INVALID_FUNCTION_ARGUMENT", "Invalid JSON value")
    return not isinstance(found, dict | list)


def json_items(text: str) -> list[str | None] | None:
    """A JSON array's elements, for a cast to array."""
    found = _walk(text, "$")
    if found is None:
        return None
    if not isinstance(found, list):
        raise bad("INVALID_CAST_ARGUMENT", "Cannot cast the JSON value to an array")
    return [None if item is None else dump(item) for item in found]


def _members(text: str) -> dict[str, Any] | None:
    found = _walk(text, "$")
    if found is not None and not isinstance(found, dict):
        raise bad("INVALID_CAST_ARGUMENT", "Cannot cast the JSON value to a map")
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
        raise bad("INVALID_CAST_ARGUMENT", "Cannot cast the JSON value to varchar")
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
    raise bad("INVALID_CAST_ARGUMENT", "Cannot cast the JSON value to a number")


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
    raise bad("INVALID_CAST_ARGUMENT", "Cannot cast the JSON value to boolean")


def _lax(text: str, path: str) -> Any:  # noqa: ANN401 - any JSON value
    steps = path_steps(re.sub(r"^\s*lax\s+", "", path).strip()) or []
    try:
        found = load(text)
    except ValueError:
        return _MISSING
    for step in steps:
        if isinstance(step, str) and isinstance(found, list):
            raise bad("NOT_SUPPORTED", "A lax path through an array is not available on the local Athena endpoint")
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
            raise bad("NOT_SUPPORTED", "json_query over fractions is not available on the local Athena endpoint")
        return int(found)
    if isinstance(found, dict):
        return {key: _ordered(value) for key, value in found.items()}
    return [_ordered(item) for item in found] if isinstance(found, list) else found


def json_exists(text: str, path: str) -> bool:
    """``json_exists`` with its default FALSE ON ERROR."""
    return _lax(text, path) is not _MISSING
