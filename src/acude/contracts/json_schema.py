"""A topic's payload as JSON Schema (draft 2020-12), for OpenAPI: what the decoder takes, said for clients."""

from decimal import Decimal
from typing import Any, Final

from acude.contracts.column import Column, Variants
from acude.contracts.model import Contract

Json = dict[str, Any]

DOCUMENT_FORMAT: Final = "cpf-cnpj"
"""What a schema can only name: the check digits of a CPF or CNPJ are right."""

ADDRESS_FORMAT: Final = "ipvanyaddress"
"""An IPv4 or IPv6 address; JSON Schema has a name for each alone, and this is pydantic's for both."""

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


def variant_schemas(contract: Contract) -> dict[str, Json]:
    """The schema of each variant's payload by the value of `variants.by`; none where there are no variants.

    Args:
        contract: a topic's.
    """
    if not contract.variants:
        return {}
    by = contract.variants.by
    return {kind: _variant(contract, contract.variants, kind) for kind in contract.column(by).values}


def _variant(contract: Contract, variants: Variants, kind: str) -> Json:
    foreign = {name for name in variants.names if kind not in variants.allowing(name)}
    needed = {name for name in variants.names if kind in variants.needing(name)}
    columns = [
        column.model_copy(update={"required": column.required or column.name in needed})
        for column in contract.columns
        if column.name not in foreign
    ]
    by = {"description": contract.column(variants.by).description, "const": kind}
    return {"title": kind, **_object(contract, columns, {variants.by: by})}


def _object(contract: Contract, columns: list[Column], fixed: dict[str, Json]) -> Json:
    return {
        "type": "object",
        "description": contract.grain,
        "properties": {column.name: fixed.get(column.name) or _property(column) for column in columns},
        "required": [column.name for column in columns if column.required],
        "additionalProperties": False,
    }


def _property(column: Column) -> Json:
    """A field that may be absent may be null, too: so the decoder has it."""
    value = _value(column)
    return {"description": column.description} | (value if column.required else {"anyOf": [value, {"type": "null"}]})


def _value(column: Column) -> Json:
    found: Json = {}
    if column.decimal:
        found |= {"type": "number", "multipleOf": float(Decimal(1).scaleb(-column.decimal[1]))}
    else:
        found |= _SIMPLE[column.type]
    bounds = {"minimum": column.minimum, "maximum": column.maximum}
    found |= {name: float(bound) for name, bound in bounds.items() if bound is not None}
    texts = {"minLength": column.min_length, "maxLength": column.max_length, "pattern": column.pattern}
    found |= {name: value for name, value in texts.items() if value is not None}
    if column.format == "ip":
        found["format"] = ADDRESS_FORMAT
    if column.classification == "documento":
        found["format"] = DOCUMENT_FORMAT
    return found | ({"enum": list(column.values)} if column.values else {})
