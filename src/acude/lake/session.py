"""Spark sessions: a driver in this process for the holder of a lease, and clients of the batch's warm driver."""

import os
import shlex
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.sql import SparkSession
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from acude.errors import AcudeError
from acude.lake.executors import (
    JVM_OPTIONS,
    ClusterError,
    executors_conf,
    executors_python,
    on_a_cluster,
    require_master,
)
from acude.settings import Settings, settings

_SERVER_MAY_TAKE_S = 10

_DELTA = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    # Few state partitions: the default of 50 costs seconds per commit on two cores.
    "spark.databricks.delta.snapshotPartitions": "2",
    # Its fast listing can read a wrong snapshot with delta-spark 4.4.0.
    "spark.databricks.delta.enableFastS3AListFrom": "false",
}

_RUNTIME = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.scheduler.mode": "FAIR",
    "spark.ui.enabled": "false",
    # Three streams' micro-batches use some 300 generated classes; of the default 100 each would be compiled every time.
    "spark.sql.codegen.cache.maxEntries": "2000",
    # Kept also without a UI: the plans of a thousand micro-batches' queries would fill the heap within minutes.
    "spark.sql.ui.retainedExecutions": "5",
    "spark.ui.retainedJobs": "20",
    "spark.ui.retainedStages": "20",
    "spark.ui.retainedTasks": "200",
    "spark.sql.maxPlanStringLength": "10000",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "WARN",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "5000",
    # This number means no limit. Any other has Spark measure the whole batch again for each of its rows.
    "spark.sql.execution.arrow.maxBytesPerBatch": "2147483647",
    # What is cached is read at once and thrown away.
    "spark.sql.inMemoryColumnarStorage.compressed": "false",
}


def spark_conf(config: Settings | None = None) -> dict[str, str]:
    """What all drivers share: Delta on S3, UTC, ANSI, and where the executors run.

    Returns:
        Spark properties; they hold the S3 secret, so they go to a process's own configuration, not to its arguments.
    """
    config = config or settings()
    conf = _DELTA | _RUNTIME | executors_conf(config)
    conf["spark.driver.memory"] = config.spark_memory
    # As many as there are cores: the default of 200 costs seconds per commit on two.
    conf["spark.sql.shuffle.partitions"] = str(config.spark_partitions)
    conf["spark.driver.host"], conf["spark.driver.bindAddress"] = config.spark_host, config.bind
    conf["spark.local.dir"] = f"{config.var}/spark"
    conf["spark.sql.warehouse.dir"] = f"{config.var}/spark/warehouse"
    options = [*JVM_OPTIONS]
    # A tenth of the time may go into collecting garbage. By default it is a hundredth, for which a driver with
    # little to do takes the whole heap within minutes.
    options.append("-XX:GCTimeRatio=9")
    if config.jvm_short_lived:
        # The optimising compiler takes half of a driver's first minutes. Without it the JVM expects less code, too.
        options += ["-XX:TieredStopAtLevel=1", "-XX:ReservedCodeCacheSize=240m"]
    if class_archive(config).exists():
        options.append(f"-XX:SharedArchiveFile={class_archive(config)}")
        # Where it was made for: its pages stay those of the file, which all drivers of a machine share.
        options += ["-XX:+UnlockDiagnosticVMOptions", "-XX:ArchiveRelocationMode=0"]
    conf["spark.driver.extraJavaOptions"] = " ".join(options)
    return conf | _s3(config)


def _s3(config: Settings) -> dict[str, str]:
    """Where S3 is and who asks it; without keys the process's role."""
    conf = {"spark.hadoop.fs.s3a.endpoint.region": config.aws_region}
    if config.s3_endpoint:
        conf |= {
            "spark.hadoop.fs.s3a.endpoint": config.s3_endpoint,
            "spark.hadoop.fs.s3a.path.style.access": "true",
            "spark.hadoop.fs.s3a.connection.ssl.enabled": str(config.s3_endpoint.startswith("https:")).lower(),
        }
    if config.s3_access_key and config.s3_secret_key:
        conf |= {
            "spark.hadoop.fs.s3a.access.key": config.s3_access_key.get_secret_value(),
            "spark.hadoop.fs.s3a.secret.key": config.s3_secret_key.get_secret_value(),
            "spark.hadoop.fs.s3a.aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
        }
    return conf


def class_archive(config: Settings) -> Path:
    """Where `acude.local.class_archive` puts Spark's classes; drivers start without it, too."""
    return config.jars / "spark.jsa"


def driver_session(name: str, config: Settings | None = None, more: Mapping[str, str] | None = None) -> SparkSession:
    """A driver with a JVM of its own, which ends with this process.

    Args:
        name: the application's, in logs.
        config: where S3 is; the process's settings where it is left out.
        more: Spark properties beside those of `spark_conf`.

    Raises:
        ClusterError: no master answers, or none of its workers runs an executor for this driver.
    """
    config = config or settings()
    # A Connect client that ran in this process, or in its parent, would turn every later session into one.
    for mark in ("SPARK_CONNECT_MODE_ENABLED", "SPARK_REMOTE"):
        os.environ.pop(mark, None)
    # Spark's own setting for the executors' Python is overruled by this variable, and has a worse default.
    os.environ["PYSPARK_PYTHON"] = executors_python(config)
    conf = spark_conf(config) | {"spark.app.name": name} | dict(more or {})
    if os.environ.get("PYSPARK_GATEWAY_PORT"):
        # spark-submit has started the JVM; memory and class path of the driver are its caller's.
        return SparkSession.builder.config(map=dict(conf)).getOrCreate()
    # The session's builder would put each property, S3's secret too, on the JVM's command line for everybody to read.
    with tempfile.NamedTemporaryFile("w", prefix="spark-", suffix=".properties") as private:
        private.write(_properties(conf))
        private.flush()
        os.environ["PYSPARK_SUBMIT_ARGS"] = f"--properties-file {shlex.quote(private.name)} pyspark-shell"
        try:
            require_master(config)
            return SparkSession.builder.getOrCreate()
        except Py4JJavaError as problem:
            if not on_a_cluster(config):
                raise
            reason = str(problem.java_exception).splitlines()[0]
            raise ClusterError(
                f"The Spark cluster {config.spark_master} took no driver: {reason}",
                "ACUDE_SPARK_SECRET is the cluster's own; ACUDE_SPARK_DRIVER_HOST is reached from its workers.",
            ) from problem
        finally:
            del os.environ["PYSPARK_SUBMIT_ARGS"]


def _properties(conf: Mapping[str, str]) -> str:
    r"""A properties file in Java's syntax.

    >>> _properties({"spark.a": "x\\y"})
    'spark.a=x\\\\y\n'
    """
    return "".join(f"{name}={value}\n".replace("\\", "\\\\") for name, value in conf.items())


_own: list[SparkSession] = []
"""The driver of a job that was submitted, while it runs."""


@contextmanager
def own_driver(name: str, config: Settings | None = None) -> Iterator[None]:
    """Batch sessions within the block are on a driver of this process, which ends with the block.

    Raises:
        ClusterError: see `driver_session`.
    """
    _own.append(driver_session(name, config))
    try:
        yield
    finally:
        _own.pop().stop()


def own_session() -> SparkSession | None:
    """A session on the driver of the job that was submitted; None in any other process."""
    return _own[-1].newSession() if _own else None


def batch_session(config: Settings | None = None) -> SparkSession:
    """A client of the warm Spark Connect server; every Airflow task opens its own session there.

    Raises:
        AcudeError: the settings name no server.
        ServerAwayError: it does not answer.
    """
    config = config or settings()
    if not config.spark_remote:
        raise AcudeError(
            "ACUDE_SPARK_REMOTE is empty.", "Start the platform with `acude up`, or name a Connect server."
        )
    from pyspark.sql.connect.session import SparkSession as RemoteSession  # noqa: PLC0415 - takes a second

    from acude.lake.connect_channel import channel  # noqa: PLC0415 - the same

    way = channel(config.spark_remote)
    _require_server(way.endpoint)
    # As the builder of `pyspark.sql` does, which takes addresses alone.
    os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
    return cast("SparkSession", RemoteSession.builder.channelBuilder(way).create())


class ServerAwayError(AcudeError):
    """The batch's Spark Connect server does not answer."""

    retryable = True


def _require_server(place: str) -> None:
    """Waits while it starts again; the client itself would ask for ten minutes, and say less.

    Raises:
        ServerAwayError: it does not answer.
    """
    host, _, port = place.rpartition(":")
    asked = Retrying(
        retry=retry_if_exception_type(OSError), stop=stop_after_delay(_SERVER_MAY_TAKE_S), wait=wait_fixed(0.5)
    )
    try:
        asked(socket.create_connection, (host.strip("[]"), int(port)), timeout=_SERVER_MAY_TAKE_S).close()
    except RetryError as problem:
        raise ServerAwayError(
            f"The batch's Spark server at {place} does not answer.",
            "Start it with `acude up`, or see `acude logs spark-batch`; elsewhere ACUDE_SPARK_REMOTE names it.",
        ) from problem
