"""A contract as Spark says it: the schema of its rows, and of its Delta table."""

from functools import lru_cache

from pyspark.sql import types as t

from acude.contracts.column import Column
from acude.contracts.model import Contract

_SIMPLE: dict[str, t.DataType] = {
    "string": t.StringType(),
    "int": t.IntegerType(),
    "bigint": t.LongType(),
    "double": t.DoubleType(),
    "boolean": t.BooleanType(),
    "date": t.DateType(),
    "timestamp": t.TimestampType(),
    "binary": t.BinaryType(),
    "array<string>": t.ArrayType(t.StringType()),
    "array<struct<chave:string,valor:binary>>": t.ArrayType(
        t.StructType([t.StructField("chave", t.StringType()), t.StructField("valor", t.BinaryType())])
    ),
}


def spark_type(column: Column) -> t.DataType:
    """The Spark type of a column."""
    return t.DecimalType(*column.decimal) if column.decimal else _SIMPLE[column.type]


@lru_cache(maxsize=128)
def schema(contract: Contract) -> t.StructType:
    """The contract's columns in order, with their descriptions as comments; required ones are not nullable."""
    return t.StructType(
        [
            t.StructField(column.name, spark_type(column), not column.required, {"comment": column.description})
            for column in contract.columns
        ]
    )
