"""A topic's payload as JSON Schema (draft 2020-12), for OpenAPI: what the decoder takes, said for clients."""

from typing import Any

from acude.contracts.model import Column, Contract

Json = dict[str, Any]

_SIMPLE: dict[str, Json] = {
    "string": {"type": "string"},
    "int": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "bigint": {"type": "integer"},
    "double": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "timestamp": {"type": "string", "format": "date-time"},
    "array<string>": {"type": "array", "items": {"type": "string"}},
}


def payload_schema(contract: Contract) -> Json:
    """The schema of one payload; `oneOf` a schema a variant where the contract has variants.

    Args:
        contract: a topic's.
    """
    if not contract.variants:
        return _object(contract, list(contract.columns), {})
    by = contract.variants.by
    kinds = contract.column(by).values
    return {"oneOf": [_variant(contract, by, kind) for kind in kinds], "discriminator": {"propertyName": by}}


def _variant(contract: Contract, by: str, kind: str) -> Json:
    variants = contract.variants
    assert variants  # noqa: S101 - the caller looked
    foreign = {name for name in variants.names if kind not in variants.allowing(name)}
    needed = {name for name in variants.names if kind in variants.needing(name)}
    columns = [
        column.model_copy(update={"required": column.required or column.name in needed})
        for column in contract.columns
        if column.name not in foreign
    ]
    return {"title": kind, **_object(contract, columns, {by: {"const": kind}})}


def _object(contract: Contract, columns: list[Column], fixed: dict[str, Json]) -> Json:
    return {
        "type": "object",
        "description": contract.grain,
        "properties": {column.name: _property(column) | fixed.get(column.name, {}) for column in columns},
        "required": [column.name for column in columns if column.required],
        "additionalProperties": False,
    }


def _property(column: Column) -> Json:
    found: Json = {"description": column.description}
    if column.decimal:
        found |= {"type": "number", "multipleOf": float(10 ** -column.decimal[1])}
    else:
        found |= _SIMPLE[column.type]
    bounds = {"minimum": column.minimum, "maximum": column.maximum}
    found |= {name: float(bound) for name, bound in bounds.items() if bound is not None}
    texts = {"minLength": column.min_length, "maxLength": column.max_length, "pattern": column.pattern}
    found |= {name: value for name, value in texts.items() if value is not None}
    return found | ({"enum": list(column.values)} if column.values else {})
