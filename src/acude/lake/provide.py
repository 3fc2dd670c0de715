"""Tables as their contracts have them, before a driver begins."""

import json

from pyspark.sql import SparkSession
from pyspark.sql.types import DataType, StructType

from acude.contracts.model import Column, Contract
from acude.contracts.spark import column_ddl, spark_type
from acude.lake.delta import ContractViolation, ensure, retried, table_path
from acude.lake.snapshot import snapshot


def provide(spark: SparkSession, contract: Contract) -> None:
    """Creates the table where it is absent; adds the columns that its contract has gained since it was made.

    A driver does this once, when it starts: contracts are read once a process. Tables that are as they should be cost
    no Spark job.

    Args:
        spark: a classic session or a Connect client of the contract's writer.
        contract: the table.

    Raises:
        ContractViolation: a column changed its type, or a new one is required; old rows can't keep that.
    """
    found = snapshot(contract)
    if not found:
        ensure(spark, contract)
        return
    stored = StructType.fromJson(json.loads(found.table.schema().to_json()))
    kinds = {field.name: field.dataType for field in stored}
    gained = [column for column in contract.columns if _is_new(contract, column, kinds.get(column.name))]
    if gained:
        columns = ", ".join(column_ddl(column) for column in gained)
        retried(lambda: spark.sql(f"ALTER TABLE delta.`{table_path(contract)}` ADD COLUMNS ({columns})").collect())


def _is_new(contract: Contract, column: Column, stored: DataType | None) -> bool:
    wanted = spark_type(column)
    if stored is None and column.required:
        raise ContractViolation(contract.full_name, column.name, "absent", "required; a later one is optional")
    if stored is not None and stored != wanted:
        raise ContractViolation(contract.full_name, column.name, stored.simpleString(), wanted.simpleString())
    return stored is None
