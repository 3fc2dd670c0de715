"""The streams' driver: `python -m jobs.streaming`. Holds the lease, runs the queries, ends when told to or on a failure.

It ends with exit code 1 as soon as one query fails or the lease is lost; its keeper starts it again.
"""

import logging
import signal
import sys
import threading
from datetime import timedelta
from types import FrameType

from acude.lake.lease import Lease, LeaseHeld
from acude.lake.session import stream_session
from acude.settings import settings
from jobs.streaming import ingest

log = logging.getLogger("jobs.streaming")

_LOOK_S = 0.5


def main() -> int:
    """Runs the streams until SIGTERM or SIGINT; returns the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    asked = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        asked.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    try:
        lease = Lease("streams", settings()).acquire(wait=timedelta(seconds=40))
    except LeaseHeld as held:
        log.error("%s", held)  # noqa: TRY400 - the sentence says it all
        return 1
    with lease:
        spark = stream_session("acude-streams")
        queries = [ingest.start(spark)]
        log.info("Streams run: %s", ", ".join(query.name or "" for query in queries))
        while not asked.wait(_LOOK_S):
            if lease.lost.is_set():
                log.error("Lost the lease on the streams' tables; ending, so that nobody writes beside the new holder")
                return 1
            for query in queries:
                if not query.isActive:
                    log.error("Query %s ended: %s", query.name, query.exception())
                    return 1
        for query in queries:
            query.stop()
    log.info("Streams stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
