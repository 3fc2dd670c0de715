"""Athena's API as botocore describes it: which members requests and answers have."""

from typing import Any

import orjson
from botocore.session import Session
from botocore.validate import ParamValidator

from acude.athena.errors import ApiError

Json = dict[str, Any]
_MODEL = Session().get_service_model("athena")
OPERATIONS = frozenset(_MODEL.operation_names)


def request(operation: str, body: bytes) -> Json:
    """A request's members; those that Athena's API does not have are left out, for clients may be newer.

    Raises:
        ApiError: A member is missing, of a wrong type, too small or too large.
    """
    try:
        sent = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise ApiError(str(error), "SerializationException") from None
    shape: Any = _MODEL.operation_model(operation).input_shape
    asked = _fitted(sent, shape)
    problems = ParamValidator().validate(asked, shape)
    if problems.has_errors():
        raise ApiError(problems.generate_report())
    for name, value in asked.items():
        most = shape.members[name].metadata.get("max")
        size = value if isinstance(value, int) else len(value.encode() if isinstance(value, str) else value)
        if most is not None and size > most:
            raise ApiError(f"Invalid value for parameter {name}: {size} is more than {most}")
    found: Json = asked
    return found


def shown(name: str, value: Json) -> Json:
    """Those members of a value, such as a table of Glue's, that Athena's shape of that name has."""
    found: Json = _fitted(value, _MODEL.shape_for(name))
    return found


def response(content: object) -> bytes:
    """JSON, times in seconds."""
    return orjson.dumps(content, lambda time: time.timestamp(), orjson.OPT_PASSTHROUGH_DATETIME)


def page(name: str, items: list[Any], asked: Json) -> Json:
    """A part of a list, and the token of the next one."""
    start = position(asked)
    end = start + (asked.get("MaxResults") or 50)
    return {name: items[start:end]} | ({"NextToken": str(end)} if end < len(items) else {})


def position(asked: Json) -> int:
    """Where the page begins that a request asks for.

    Raises:
        ApiError: No answer gave such a token.
    """
    token = str(asked.get("NextToken", "0"))
    if not token.isdecimal() or not token.isascii():
        raise ApiError("Invalid NextToken")
    return int(token)


def _fitted(value: Any, shape: Any) -> Any:  # noqa: ANN401 - any JSON, any of botocore's shapes
    if shape.type_name == "structure" and isinstance(value, dict):
        known = [(name, member) for name, member in shape.members.items() if value.get(name) is not None]
        return {name: _fitted(value[name], member) for name, member in known}
    if shape.type_name == "list" and isinstance(value, list):
        return [_fitted(each, shape.member) for each in value]
    return value
