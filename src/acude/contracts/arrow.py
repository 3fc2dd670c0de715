"""A contract as Arrow says it: the types and the schema of its rows."""

from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from acude.contracts.column import Column
from acude.contracts.model import Contract

_TYPES = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "binary": pa.binary(),
    "array<string>": pa.list_(pa.string()),
    "array<struct<chave:string,valor:binary>>": pa.list_(pa.struct([("chave", pa.string()), ("valor", pa.binary())])),
}


def arrow_type(column: Column) -> pa.DataType:
    """The Arrow type of a column; timestamps are microseconds in UTC."""
    return pa.decimal128(*column.decimal) if column.decimal else _TYPES[column.type]


@lru_cache(maxsize=128)
def arrow_schema(contract: Contract) -> pa.Schema:
    """The contract's columns in order; required ones are not nullable."""
    return pa.schema([pa.field(column.name, arrow_type(column), not column.required) for column in contract.columns])


def plain_decimals(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Decimals as text in plain notation: Arrow's own cast writes small ones as 0E-10."""
    text = values.cast(pa.string())
    if not pc.any(pc.match_substring(text, "E")).as_py():
        return text
    return pa.chunked_array([pa.array([None if v is None else f"{v:f}" for v in values.to_pylist()], pa.string())])
