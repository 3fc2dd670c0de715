"""The streams' driver: `python -m jobs.streaming`. Holds the lease, runs the queries, ends on a signal or a failure.

Exit codes: 0 ended by a signal (`--available-now`: all is landed), 1 a query failed or the lease was lost (the
supervisor starts it again), 3 another driver holds the lease.
"""

import argparse
import logging
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from types import FrameType

from py4j.protocol import Py4JNetworkError  # type: ignore[import-untyped]
from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from acude.contracts.model import STREAMS
from acude.kafka.health import serve
from acude.lake import maintenance_requests
from acude.lake.executors import ClusterError
from acude.lake.lease import LEASE_HELD, Lease, LeaseHeld
from acude.lake.session import driver_session
from acude.settings import settings
from jobs.streaming import queries as known
from jobs.streaming.maintenance import MaintenanceWorker
from jobs.streaming.progress import BatchLog, StreamMetrics
from jobs.streaming.queries import Query

log = logging.getLogger("jobs.streaming")

FAILED = 1

_JVM_GONE = (Py4JNetworkError, ConnectionError)

_LOOK_S = 0.5
_ASK_FOR_WORK_S = 3.0
_MAINTENANCE_MAY_TAKE_S = 5.0
_BATCH_MAY_TAKE_S = 15.0
"""How long a running micro-batch is waited for at the end. Cutting it off loses nothing, but is done again."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the streams until SIGTERM or SIGINT; returns the exit code."""
    options = _options(arguments)
    _set_up_logging()
    asked, begun = threading.Event(), threading.Event()
    _ask_on_signals(asked, begun, FAILED if options.available_now else 0)
    # A driver that was just killed may still hold the lease; a catch-up has no reason to wait.
    patience = timedelta() if options.available_now else timedelta(seconds=40)
    try:
        lease = Lease(STREAMS).acquire(wait=patience)
    except LeaseHeld as held:
        log.error("%s", held)  # noqa: TRY400 - the sentence says it all
        return LEASE_HELD
    with lease:
        try:
            spark = driver_session("acude-streams")
        except ClusterError as problem:
            log.error("%s", problem)  # noqa: TRY400 - the sentences say it
            return FAILED
        spark.streams.addListener(BatchLog())
        # What has to be waited for at the end is waited for below.
        spark.conf.set("spark.sql.streaming.stopTimeout", "10s")
        run = _catch_up if options.available_now else _go_on
        begun.set()
        try:
            return run(spark, lease, asked)
        except _JVM_GONE:
            log.error("Spark's JVM is gone (killed, or out of memory: see above); the next driver goes on from here")  # noqa: TRY400
            return FAILED
        finally:
            # The lease is given back only when nothing in this process can write any more.
            with suppress(*_JVM_GONE):
                spark.stop()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m jobs.streaming", description=__doc__)
    parser.add_argument("--available-now", action="store_true", help="land what is there, and end")
    return parser.parse_args(arguments)


def _set_up_logging() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for ours in ("acude", "jobs"):
        logging.getLogger(ours).setLevel(settings().log_level)


def _ask_on_signals(asked: threading.Event, begun: threading.Event, code: int) -> None:
    """Asks for an end in good order; where no query has begun, nothing is written yet, and the process ends at once."""

    def ask(_number: int, _frame: FrameType | None) -> None:
        asked.set()
        if not begun.is_set():
            sys.exit(code)

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)


def _go_on(spark: SparkSession, lease: Lease, asked: threading.Event) -> int:
    """Runs all queries, and maintenance on request, until a signal."""
    maintenance_requests.sweep()
    worker = MaintenanceWorker(spark, lease)
    queries: list[StreamingQuery] = []
    metrics = StreamMetrics(query.name for query in known.active())
    shown = serve(metrics, settings(), settings().streams_metrics_port)
    announced = False
    try:
        # One after another, so that those that run are known where the next can't start.
        for query in known.active():
            if asked.is_set():
                break
            queries.append(_in_pool(spark, lease, query))
        next_look = time.monotonic()
        while not asked.wait(_LOOK_S):
            if _broken(queries, lease):
                return FAILED
            # A query that fails in its first batch, at each start again, has started all the same.
            if metrics.look() and not announced:
                announced = True
                lease.announce_ready()
                log.info("Streams run: %s", ", ".join(query.name or "" for query in queries))
            if time.monotonic() >= next_look:
                worker.look()
                next_look = time.monotonic() + _ASK_FOR_WORK_S
    finally:
        shown.shutdown()
        worker.close(_MAINTENANCE_MAY_TAKE_S)
        _stop(queries, patient=asked.is_set())
    log.info("Streams stopped")
    return 0


def _catch_up(spark: SparkSession, lease: Lease, asked: threading.Event) -> int:
    """Lands and measures what is there, one query after another."""
    lease.announce_ready()
    for one in known.active():
        query = one.start(spark, lease, available_now=True)
        while query.isActive:
            if asked.wait(_LOOK_S) or lease.lost.is_set():
                _stop([query], patient=not lease.lost.is_set())
                log.error("%s ended before it had caught up; run it again", query.name)
                return FAILED
        if query.exception():
            log.error("Query %s ended: %s", query.name, query.exception())
            return FAILED
    log.info("Caught up")
    return 0


def _in_pool(spark: SparkSession, lease: Lease, query: Query) -> StreamingQuery:
    """Starts a query in a scheduler pool of its own: within one pool, jobs wait for each other."""
    spark.sparkContext.setLocalProperty("spark.scheduler.pool", query.name)
    return query.start(spark, lease)


def _broken(queries: list[StreamingQuery], lease: Lease) -> bool:
    if lease.lost.is_set():
        log.error("Lost the lease on the streams' tables; ending, so that nobody writes beside the new holder")
        return True
    for query in queries:
        if not query.isActive:
            log.error("Query %s ended: %s", query.name, query.exception())
            return True
    return False


def _stop(queries: list[StreamingQuery], *, patient: bool) -> None:
    """Stops the queries, after their running batches where there is time."""
    deadline = time.monotonic() + (_BATCH_MAY_TAKE_S if patient else 0)
    for query in queries:
        while query.isActive and query.status["isTriggerActive"] and time.monotonic() < deadline:
            time.sleep(0.02)
        query.stop()


if __name__ == "__main__":
    sys.exit(main())
