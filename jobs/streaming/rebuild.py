"""`python -m jobs.streaming.rebuild`: silver, quarantine and duplicates made again from bronze, and compared.

They go beside the stream's tables, which go on meanwhile. With `--replace` (streams stopped) they take their place.
Exit codes: 0 equal or replaced, 1 they differ, 3 the streams run.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from pyspark.sql import SparkSession

from acude.contracts.model import STREAMS
from acude.ingestion.rebuild import differences, rebuild, take_over
from acude.lake.lease import LEASE_HELD, Lease, LeaseHeld
from acude.lake.session import driver_session

log = logging.getLogger("jobs.streaming.rebuild")

DIFFERENT = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Rebuilds and compares; returns the exit code."""
    options = _options(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if not options.replace:
        return _beside(driver_session("acude-rebuild"), options.into)
    try:
        with Lease(STREAMS) as lease:
            spark = driver_session("acude-rebuild")
            _beside(spark, options.into)
            take_over(lease, options.into)
            spark.stop()
    except LeaseHeld as held:
        log.error("%s", held)  # noqa: TRY400 - the sentence says it all
        return LEASE_HELD
    log.info("The tables from bronze are in place")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m jobs.streaming.rebuild", description=__doc__)
    parser.add_argument(
        "--into",
        metavar="PREFIX",
        default=f"_rebuild/{datetime.now(UTC):%Y%m%dT%H%M%SZ}",
        help="where the list of the files is kept in the lake's bucket (default: _rebuild/ and the time)",
    )
    parser.add_argument("--replace", action="store_true", help="put them in the place of the stream's tables")
    return parser.parse_args(arguments)


def _beside(spark: SparkSession, prefix: str) -> int:
    for part in rebuild(spark, prefix):
        log.info("%s to %s: %d records that landed then", f"{part.first:%F %T}", f"{part.last:%F %T}", part.records)
    found = differences(spark, prefix)
    for table, (missing, extra) in found.items():
        log.info("%s: %d rows only as streamed, %d only as rebuilt", table, missing, extra)
    log.info("Their files are listed in %s", prefix)
    return DIFFERENT if any(missing or extra for missing, extra in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
