"""The streams' verb: append a micro-batch once, however often it is tried."""

from pyspark.sql import DataFrame

from acude.contracts.model import Contract
from acude.lake.delta import table_path


def append_once(frame: DataFrame, contract: Contract, application: str, batch: int) -> None:
    """Appends in one Delta commit; a commit that this application made for this batch before is not made again.

    Args:
        frame: exactly the contract's columns, in order.
        contract: the table.
        application: names the stream and its checkpoint; a new checkpoint must have a new name, for its batches
            begin at 0 again and would be taken for done.
        batch: number of the micro-batch.
    """
    (
        frame.select(*contract.column_names)
        .write.format("delta")
        .mode("append")
        .option("txnAppId", f"{application}:{contract.full_name}")
        .option("txnVersion", batch)
        .save(table_path(contract))
    )
