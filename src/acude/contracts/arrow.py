"""A contract as Arrow says it: the types and the schema of its rows."""

from functools import lru_cache

import pyarrow as pa

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
