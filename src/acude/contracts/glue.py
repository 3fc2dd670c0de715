"""A lake table's entry in the Glue data catalogue, as boto3's ``create_table`` and ``update_table`` take it."""

from typing import Any

from acude.contracts.column import Column
from acude.contracts.model import Contract

COMMENT_LIMIT = 255
"""Characters that Glue keeps of a column's comment."""

DESCRIPTION_LIMIT = 2048
"""Bytes that Glue keeps of a table's description."""


def _cut(value: str, limit: int) -> str:
    """The text within `limit` bytes of UTF-8, an ellipsis where something is missing."""
    if len(value.encode()) <= limit:
        return value
    return value.encode()[: limit - 3].decode(errors="ignore") + "…"


def _column(column: Column) -> dict[str, str]:
    """Name, type and comment. The contract's types are Hive's names already."""
    return {"Name": column.name, "Type": column.type, "Comment": _cut(column.description, COMMENT_LIMIT)}


def table_input(contract: Contract, location: str) -> dict[str, Any]:
    """The `TableInput` of one Delta table.

    Athena takes schema and partitions from the Delta log, so all columns stand in the storage descriptor and
    `PartitionKeys` is empty; the partition columns are named in the parameter `acude.partition_by`.

    Args:
        contract: a contract of bronze, silver or gold.
        location: ``s3://bucket/layer/table`` without a trailing slash.

    Returns:
        The argument of `create_table` and `update_table`; equal for equal contracts.

    Raises:
        ValueError: where the location is not an ``s3://`` address; Athena reads no other scheme.
    """
    if not location.startswith("s3://"):
        raise ValueError(
            f"{contract.full_name}: expected a location like s3://bucket/{contract.layer}/{contract.name}, "
            f"found {location!r}; Athena reads S3 only"
        )
    return {
        "Name": contract.name,
        "Description": _cut(f"{contract.description}. One row: {contract.grain}", DESCRIPTION_LIMIT),
        "Owner": contract.owner,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {
            "EXTERNAL": "TRUE",
            "table_type": "DELTA",
            "spark.sql.sources.provider": "delta",
            "classification": "delta",
            "acude.contract": f"{contract.full_name} {contract.version}",
            "acude.partition_by": ",".join(contract.partition_by),
        },
        "PartitionKeys": [],
        "StorageDescriptor": {
            "Columns": [_column(column) for column in contract.columns],
            "Location": location,
            "InputFormat": "org.apache.hadoop.mapred.SequenceFileInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat",
            "SerdeInfo": {
                "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
                "Parameters": {"serialization.format": "1", "path": location},
            },
        },
    }
