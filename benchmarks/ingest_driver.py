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


def report(query: StreamingQuery, reported: set[int]) -> None:
    """Prints the batches that were not printed yet."""
    for progress in query.recentProgress:
        if progress["batchId"] not in reported:
            reported.add(progress["batchId"])
            batch = {"rows": progress["numInputRows"], "ms": progress["durationMs"]["triggerExecution"]}
            batch |= {"cpu_s": cpu_seconds(), "parts": progress["durationMs"]}
            print("PROGRESS" + json.dumps(batch), flush=True)


if __name__ == "__main__":
    with Lease("streams").acquire(wait=timedelta(seconds=60)) as lease:
        running = ingest.start(driver_session("bench"), lease, available_now="--forever" not in sys.argv)
        seen: set[int] = set()
        while running.isActive:
            time.sleep(0.5)
            report(running, seen)
        report(running, seen)
