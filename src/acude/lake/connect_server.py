"""The batch's warm driver, a Spark Connect server: `python -m acude.lake.connect_server`. Ends on SIGTERM or failure.

Every batch task is a client of one such server. It only computes; the tasks commit what they publish themselves.

Exit codes: 0 ended by SIGTERM, 1 the JVM was lost.
"""

import logging
import signal
import sys
import threading
from contextlib import suppress

from py4j.protocol import Py4JJavaError, Py4JNetworkError  # type: ignore[import-untyped]
from pyspark.sql import SparkSession

from acude.lake.executors import ClusterError
from acude.lake.session import driver_session
from acude.settings import Settings, settings

log = logging.getLogger(__name__)

FAILED = 1

_JVM_GONE = (Py4JNetworkError, ConnectionError)
_LOOK_S = 0.5


def main() -> int:
    """Serves until SIGTERM; returns the exit code."""
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    try:
        spark = driver_session("acude-batch", more=connect_conf(settings()))
    except ClusterError as problem:
        log.error("%s", problem)  # noqa: TRY400 - the sentences say it
        return FAILED
    try:
        return _serve(spark, asked)
    except _JVM_GONE:
        log.error("Spark's JVM is gone (killed, or out of memory: see above)")  # noqa: TRY400 - the sentence says it
        return FAILED
    finally:
        with suppress(*_JVM_GONE):
            spark.stop()


def connect_conf(config: Settings) -> dict[str, str]:
    """Properties that make a driver a Connect server.

    Connect's own main class gives each session a class loader for code that a client may upload; Spark's cache of
    generated code is kept by class loader, so every task would compile all its plans again. Our clients upload nothing.
    """
    return {
        "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
        "spark.sql.artifact.isolation.enabled": "false",
        "spark.sql.artifact.isolation.alwaysApplyClassloader": "false",
        # A day's plans are small, and there is little to adapt; planning again after each stage costs a tenth of a day.
        "spark.sql.adaptive.enabled": "false",
        "spark.connect.grpc.binding.address": config.bind,
        "spark.connect.grpc.binding.port": str(config.spark_connect_port),
        "spark.connect.authenticate.token": config.spark_connect_token.get_secret_value(),
    }


def _serve(spark: SparkSession, asked: threading.Event) -> int:
    """Waits; the plugin's threads do the work."""
    while not asked.wait(_LOOK_S):
        try:
            # Of a context that has stopped, Spark answers no question.
            log.debug("Serving with %d cores", spark.sparkContext.defaultParallelism)
        except Py4JJavaError:
            log.error("Spark stopped by itself; see above")  # noqa: TRY400 - the sentence says it
            return FAILED
    return 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    sys.exit(main())
