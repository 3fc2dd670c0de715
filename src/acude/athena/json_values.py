"""JSON as Trino carries it: canonical text with sorted keys. The reading is done by ``json_text.py``."""

from acude.athena import types
from acude.athena.errors import Place, fail, unsupported
from acude.athena.types import INTEGERS, JSON, Type
from acude.athena.value import Value, raises

_TO_JSON = {*INTEGERS, "boolean", "varchar"}


def to_json(value: Value, place: Place) -> Value:
    """``CAST(value AS JSON)``."""
    if not _plain(value.type):
        unsupported(f"CAST({value.type} AS JSON)", place)
    return Value(f"acude_json_parse(CAST(to_json({value.sql}) AS VARCHAR))", JSON, value.constant)


def _plain(found: Type) -> bool:
    if found.kind == "map" and found.items[0].kind != "varchar":
        return False
    if found.kind == "row":
        return False
    return found.kind in _TO_JSON or (found.kind in {"array", "map"} and all(_plain(item) for item in found.items))


def from_json(value: Value, to: Type, place: Place, *, safe: bool) -> Value:
    """``CAST(json AS to)``."""
    if safe:
        unsupported("TRY_CAST of JSON", place)
    if to.kind == "array":
        item = from_json(Value("e", JSON), to.item, place, safe=safe)
        return Value(f"list_transform(acude_json_items({value.sql}), lambda e: {item.sql})", to, value.constant)
    if to.kind == "map" and to.items[0].kind == "varchar":
        item = from_json(Value("e", JSON), to.items[1], place, safe=safe)
        values = f"list_transform(acude_json_values({value.sql}), lambda e: {item.sql})"
        none = f"{value.sql} IS NULL OR acude_json_keys({value.sql}) IS NULL"
        sql = f"(CASE WHEN {none} THEN NULL ELSE map(acude_json_keys({value.sql}), {values}) END)"
        return Value(sql, to, value.constant)
    if to.kind not in {*INTEGERS, "varchar", "boolean", "double", "decimal", "json"}:
        if to.kind in {"date", "timestamp", "timestamptz", "varbinary"}:
            fail("TYPE_MISMATCH", f"Cannot cast json to {to}", place)
        unsupported(f"CAST(json AS {to})", place)
    if to.kind == "json":
        return value
    if to.kind == "varchar" and to.precision is not None:
        unsupported(f"CAST(json AS {to})", place)
    scalar = f"acude_json_to_{to.kind if to.kind in {'varchar', 'boolean', 'double'} else 'number'}({value.sql})"
    if to.kind in {"varchar", "boolean", "double"}:
        return Value(scalar, to, value.constant)
    bad = raises("INVALID_CAST_ARGUMENT", f"Cannot cast the JSON value to {to}")
    cast = f"TRY_CAST({scalar} AS {to.duck})"
    if to.kind in types.INTEGERS:
        cast = f"TRY_CAST(round(TRY_CAST({scalar} AS DECIMAL(38,10)), 0) AS {to.duck})"
    sql = f"(CASE WHEN {scalar} IS NULL THEN NULL WHEN {cast} IS NULL THEN {bad} ELSE {cast} END)"
    return Value(sql, to, value.constant)
