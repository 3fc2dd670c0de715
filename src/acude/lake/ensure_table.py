"""Creates tables as their contracts describe them, before anything reads or writes them."""

import json
from typing import Final

from deltalake import DeltaTable, Schema
from deltalake.exceptions import DeltaError
from deltalake.schema import Field
from pyspark.sql.types import StructType
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random

from acude.aws import storage_options
from acude.contracts.model import STREAMS, Contract
from acude.contracts.spark import schema, spark_type
from acude.lake import delta_log
from acude.lake.data_files import ContractViolation
from acude.lake.delta import hours_kept, is_live
from acude.lake.snapshot import place_of, snapshot
from acude.settings import Settings, settings

_PROPERTIES: Final = {
    # Athena and Redshift read reader version 1: no deletion vectors, column mapping or v2 checkpoints.
    "delta.enableDeletionVectors": "false",
    "delta.checkpointPolicy": "classic",
}


# A process that finds the table just made or changed by another one reads it again and retries.
@retry(retry=retry_if_exception_type(DeltaError), stop=stop_after_attempt(4), wait=wait_random(0, 1), reraise=True)
def ensure_table(contract: Contract, config: Settings | None = None) -> DeltaTable:
    """The table, created where it is absent, with the columns that its contract has gained since it was made.

    Columns with comments and NOT NULL, partitions, reader version 1, and for how long Delta keeps what is no longer
    needed. A table of the batch has the properties that it was made with: another run may publish meanwhile, and a
    change would make its commit fail. The streams' driver calls this before any of its queries runs.

    Args:
        contract: the table; the caller is its writer.
        config: the process's settings unless given.

    Raises:
        ContractViolation: a column changed its type, or a new one is required; old rows can't keep that.
    """
    config = config or settings()
    found = snapshot(contract, config)
    if not found:
        return DeltaTable.create(
            place_of(contract, config),
            _schema(schema(contract)),
            partition_by=contract.partition_by,
            configuration=properties(contract, config),
            storage_options=storage_options(config),
        )
    if gained := _gained(contract, found.table):
        found.table.alter.add_columns(gained)
    if contract.writer == STREAMS and (changed := _changed(contract, found.table, config)):
        found.table.alter.set_table_properties(changed)
    return found.table


def _changed(contract: Contract, table: DeltaTable, config: Settings) -> dict[str, str]:
    """The properties that a new table would have and this one has not."""
    stored = table.metadata().configuration
    return {name: value for name, value in properties(contract, config).items() if stored.get(name) != value}


def _gained(contract: Contract, table: DeltaTable) -> list[Field]:
    stored = {field.name: field.dataType for field in StructType.fromJson(json.loads(table.schema().to_json()))}
    for column in contract.columns:
        kind, wanted = stored.get(column.name), spark_type(column)
        if kind is None and column.required:
            raise ContractViolation(contract.full_name, column.name, "absent", "required; a later one is optional")
        if kind is not None and kind != wanted:
            raise ContractViolation(contract.full_name, column.name, kind.simpleString(), wanted.simpleString())
    new = StructType([field for field in schema(contract) if field.name not in stored])
    return list(_schema(new).fields)


def _schema(fields: StructType) -> Schema:
    """Delta keeps a schema as Spark's own JSON."""
    return Schema.from_json(fields.json())


def properties(contract: Contract, config: Settings) -> dict[str, str]:
    """A new table's properties: its protocol's bounds, and for how long Delta keeps what is no longer needed."""
    kept = f"interval {hours_kept(contract, config)} hours"
    found = _PROPERTIES | {"delta.deletedFileRetentionDuration": kept, "delta.logRetentionDuration": kept}
    if contract.writer == STREAMS and not is_live(contract):
        # Streams follow these: `delta_log.prune` keeps the log, this long at least.
        found["delta.logRetentionDuration"] = f"interval {int(delta_log.KEPT.total_seconds() // 3600)} hours"
        found["delta.enableExpiredLogCleanup"] = "false"
    # To Spark a checkpoint costs as much as several small commits.
    return found | {"delta.checkpointInterval": "50" if contract.writer == STREAMS else "10"}
