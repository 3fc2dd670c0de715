"""The streams' verb: append a micro-batch once, however often it is tried.

A `DataFrameWriter` with `txnAppId` asks Delta whether the batch is committed already, and Delta replays the table's
log for the answer, at each commit: three quarters of what a small commit costs. Only a driver's first batch can have
been committed before, by the driver that died. So this makes Delta's own transaction, as Delta's streaming sink does,
and asks only then. Why, and what it costs: docs/decisions/streams-append.md.
"""

import time
from typing import Any

from pyspark.sql import DataFrame

from acude.contracts.model import Contract
from acude.lake.delta import table_path
from acude.lake.snapshot import snapshot


def append_once(frame: DataFrame, contract: Contract, application: str, batch: int, *, may_be_there: bool) -> None:
    """Appends in one Delta commit; a commit that this application made for this batch before is not made again.

    Args:
        frame: exactly the contract's columns, in order.
        contract: the table.
        application: names the stream and its checkpoint; a new checkpoint must have a new name, for its batches
            begin at 0 again and would be taken for done.
        batch: number of the micro-batch; it rises.
        may_be_there: whether another process may have committed this batch; costs a look at the whole log.
    """
    spark: Any = frame.sparkSession
    jvm = spark.sparkContext._jvm
    delta = jvm.org.apache.spark.sql.delta
    none = jvm.scala.Option.empty()
    name = f"{application}:{contract.full_name}"
    if may_be_there and _last_batch(contract, name) >= batch:
        return
    transaction = delta.DeltaLog.forTable(spark._jsparkSession, table_path(contract)).startTransaction(none, none)
    rows: Any = frame.select(*contract.column_names)
    files = transaction.writeFiles(rows._jdf)
    done = delta.actions.SetTransaction(name, batch, jvm.scala.Option.apply(time.time_ns() // 1_000_000))
    append = jvm.org.apache.spark.sql.streaming.OutputMode.Append()
    operation = getattr(delta, "DeltaOperations$StreamingUpdate")(append, application, batch, none)
    transaction.commit(files.prepended(done), operation)


def _last_batch(contract: Contract, name: str) -> int:
    """The last batch that is committed, -1 before the first; asked without Spark, which would take a second a table."""
    found = snapshot(contract)
    last = found.table.transaction_version(name) if found else None
    return -1 if last is None else last
