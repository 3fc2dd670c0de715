"""A contract as Spark and Arrow say it: the schema of its rows, and of its Delta table."""

from functools import lru_cache

import pyarrow as pa
from pyspark.sql import types as t

from acude.contracts.column import Column
from acude.contracts.model import Contract

_SIMPLE: dict[str, tuple[t.DataType, pa.DataType]] = {
    "string": (t.StringType(), pa.string()),
    "int": (t.IntegerType(), pa.int32()),
    "bigint": (t.LongType(), pa.int64()),
    "double": (t.DoubleType(), pa.float64()),
    "boolean": (t.BooleanType(), pa.bool_()),
    "date": (t.DateType(), pa.date32()),
    "timestamp": (t.TimestampType(), pa.timestamp("us", tz="UTC")),
    "binary": (t.BinaryType(), pa.binary()),
    "array<string>": (t.ArrayType(t.StringType()), pa.list_(pa.string())),
    "array<struct<chave:string,valor:binary>>": (
        t.ArrayType(t.StructType([t.StructField("chave", t.StringType()), t.StructField("valor", t.BinaryType())])),
        pa.list_(pa.struct([("chave", pa.string()), ("valor", pa.binary())])),
    ),
}


def spark_type(column: Column) -> t.DataType:
    """The Spark type of a column."""
    return t.DecimalType(*column.decimal) if column.decimal else _SIMPLE[column.type][0]


def arrow_type(column: Column) -> pa.DataType:
    """The Arrow type of a column; timestamps are microseconds in UTC."""
    return pa.decimal128(*column.decimal) if column.decimal else _SIMPLE[column.type][1]


@lru_cache(maxsize=128)
def schema(contract: Contract) -> t.StructType:
    """The contract's columns in order, with their descriptions as comments; required ones are not nullable."""
    return t.StructType(
        [
            t.StructField(column.name, spark_type(column), not column.required, {"comment": column.description})
            for column in contract.columns
        ]
    )


@lru_cache(maxsize=128)
def arrow_schema(contract: Contract) -> pa.Schema:
    """The contract's columns in order; required ones are not nullable."""
    return pa.schema([pa.field(column.name, arrow_type(column), not column.required) for column in contract.columns])
