"""The ingest query as it is, printing each micro-batch's rows and milliseconds."""

import json
import sys
import time
from datetime import timedelta

from pyspark.sql.streaming.query import StreamingQuery

from acude.lake.lease import Lease
from acude.lake.session import driver_session
from jobs.streaming import ingest


def tell(query: StreamingQuery, told: set[int]) -> None:
    """Prints what was not told yet."""
    for progress in query.recentProgress:
        if progress["batchId"] not in told:
            told.add(progress["batchId"])
            batch = {"rows": progress["numInputRows"], "ms": progress["durationMs"]["triggerExecution"]}
            print("PROGRESS" + json.dumps(batch), flush=True)


if __name__ == "__main__":
    with Lease("streams").acquire(wait=timedelta(seconds=60)):
        running = ingest.start(driver_session("bench"), available_now="--forever" not in sys.argv)
        seen: set[int] = set()
        while running.isActive:
            time.sleep(0.5)
            tell(running, seen)
        tell(running, seen)
