"""JSON."""

from collections.abc import Callable

from acude.athena.errors import fail, unsupported
from acude.athena.functions.registry import scalar
from acude.athena.json_text import path_steps
from acude.athena.value import Value


def _with_path(function: str) -> Callable[[list[Value]], str]:
    """A call whose path must be a literal of the plain kind."""

    def render(args: list[Value]) -> str:
        path = args[1].text
        if path is None:
            unsupported("A JSON path that is no literal")
        if not path.startswith("$"):
            fail("INVALID_FUNCTION_ARGUMENT", f"Invalid JSON path: '{path}'")
        if path_steps(path) is None:
            unsupported(f"The JSON path '{path}'")
        return f"{function}({args[0].sql}, {args[1].sql})"

    return render


for _kind in ("varchar(x)", "json"):
    _scalar_type = "varchar(x)" if _kind == "varchar(x)" else "varchar"
    scalar("json_extract", f"{_kind}, varchar -> json", _with_path("acude_json_extract"))
    scalar("json_extract_scalar", f"{_kind}, varchar -> {_scalar_type}", _with_path("acude_json_extract_scalar"))
    scalar("json_size", f"{_kind}, varchar -> bigint", _with_path("acude_json_size"))
    scalar("json_array_length", f"{_kind} -> bigint", "acude_json_array_length({0})")
    scalar("json_array_get", f"{_kind}, bigint -> json", "acude_json_array_get({0}, {1})")
    scalar("json_array_contains", f"{_kind}, varchar -> boolean", "acude_json_array_contains({0}, {1})")
    scalar("is_json_scalar", f"{_kind} -> boolean", "acude_is_json_scalar({0})")
scalar("json_parse", "varchar -> json", "acude_json_parse({0})")
scalar("json_format", "json -> varchar", "{0}")
