"""Maintenance of the streams' tables: what `acude.lake.maintenance_requests` holds, done in the streams' driver.

`python -m jobs.streaming.maintenance` serves what waits in a short driver of its own, where the streams don't run.
"""

import logging
import sys
import threading
from typing import Any

from pyspark import InheritableThread
from pyspark.sql import SparkSession

from acude.contracts.model import STREAMS, table
from acude.lake import maintenance_requests
from acude.lake.commit import Writer
from acude.lake.lease import LEASE_HELD, Lease, LeaseHeld
from acude.lake.maintenance import compact, expire
from acude.lake.maintenance_requests import Request
from acude.lake.session import driver_session

log = logging.getLogger(__name__)

_GROUP = "maintenance"


def do(spark: SparkSession, writer: Writer, asked: Request) -> dict[str, Any]:
    """What a request asks for."""
    contract = table(asked.table)
    if asked.action == "expire":
        return dict(expire(writer, contract))
    if asked.day is None:
        raise ValueError("compact needs a day")
    return dict(compact(spark, writer, contract, asked.day))


class MaintenanceWorker:
    """Serves requests one after another in a thread of its own, beside the queries."""

    def __init__(self, spark: SparkSession, writer: Writer) -> None:
        self.spark = spark
        self.writer = writer
        self._thread: InheritableThread | None = None
        self._given_up = threading.Event()

    @property
    def busy(self) -> bool:
        """Whether a request is being served."""
        return self._thread is not None and self._thread.is_alive()

    def look(self) -> None:
        """Begins with the requests that wait, oldest first, unless busy."""
        if not self.busy and maintenance_requests.waiting():
            self._thread = InheritableThread(target=self._serve, daemon=True, name=_GROUP)
            self._thread.start()

    def close(self, within_s: float) -> None:
        """Gives up what is under way; the next driver starts it again."""
        self._given_up.set()
        if self._thread is not None:
            self.spark.sparkContext.cancelJobGroup(_GROUP)
            self._thread.join(within_s)

    def _serve(self) -> None:
        context = self.spark.sparkContext
        context.setLocalProperty("spark.scheduler.pool", _GROUP)
        while not self._given_up.is_set() and (waiting := maintenance_requests.waiting()):
            asked = waiting[0]
            context.setJobGroup(_GROUP, f"{asked.action} {asked.table}", interruptOnCancel=True)
            maintenance_requests.serve(asked, lambda one: do(self.spark, self.writer, one), self._given_up)


def main() -> int:
    """Serves all requests that wait; returns the exit code, `LEASE_HELD` where a driver runs already."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        lease = Lease(STREAMS).acquire()
    except LeaseHeld as held:
        log.error("%s", held)  # noqa: TRY400 - the sentence says it all
        return LEASE_HELD
    with lease:
        spark = driver_session("acude-maintenance")
        for asked in maintenance_requests.waiting():
            if lease.lost.is_set():
                return 1
            maintenance_requests.serve(asked, lambda one: do(spark, lease, one))
        spark.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
