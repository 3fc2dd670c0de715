"""The ingest query as it is, printing each micro-batch's rows and milliseconds, and the CPU seconds so far."""

import json
import sys
import time
from datetime import timedelta

import psutil
from pyspark.sql.streaming.query import StreamingQuery

from acude.lake.lease import Lease
from acude.lake.session import driver_session
from jobs.streaming import ingest


def cpu_seconds() -> float:
    """Of this process, its JVM and Spark's Python workers."""
    me = psutil.Process()
    return sum(sum(one.cpu_times()[:4]) for one in (me, *me.children(recursive=True)))


def tell(query: StreamingQuery, told: set[int]) -> None:
    """Prints what was not told yet."""
    for progress in query.recentProgress:
        if progress["batchId"] not in told:
            told.add(progress["batchId"])
            batch = {"rows": progress["numInputRows"], "ms": progress["durationMs"]["triggerExecution"]}
            batch |= {"cpu_s": cpu_seconds(), "parts": progress["durationMs"]}
            print("PROGRESS" + json.dumps(batch), flush=True)


if __name__ == "__main__":
    with Lease("streams").acquire(wait=timedelta(seconds=60)) as lease:
        running = ingest.start(driver_session("bench"), lease, available_now="--forever" not in sys.argv)
        seen: set[int] = set()
        while running.isActive:
            time.sleep(0.5)
            tell(running, seen)
        tell(running, seen)
