"""Runs ingest until it has landed what is there, and dies by SIGKILL after as many commits as it is told.

Usage: python driver.py [commits]; without a number it lives.
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta

from pyspark.sql import DataFrame

from acude.contracts.model import Contract
from acude.lake.append import append_once
from acude.lake.lease import Lease
from acude.lake.session import driver_session
from jobs.streaming import ingest

_done: list[str] = []


def dying_append(frame: DataFrame, contract: Contract, application: str, batch: int, *, may_be_there: bool) -> None:
    """Commits as ever, then kills this process and its JVM when it was the last commit allowed."""
    append_once(frame, contract, application, batch, may_be_there=may_be_there)
    _done.append(contract.full_name)
    if len(_done) == int(sys.argv[1]):
        os.killpg(os.getpgid(0), signal.SIGKILL)


def one_after_another(tasks: list[Callable[[], None]]) -> None:
    """In a fixed order, so that each pair of commits can be parted."""
    for task in tasks:
        task()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        ingest.append_once = dying_append  # type: ignore[attr-defined]
        ingest.in_parallel = one_after_another
    with Lease("streams").acquire(wait=timedelta(seconds=60)):
        spark = driver_session("chaos")
        query = ingest.start(spark, available_now=True)
        query.awaitTermination()
        spark.stop()
