"""The warm Spark: one Spark Connect server in which every batch task opens a session, instead of a JVM start each."""

import sys
from importlib.util import find_spec
from pathlib import Path

from acude.local.errors import PlatformError
from acude.local.java import find_java, require_jars, require_java
from acude.local.service import Service
from acude.settings import Settings


def service(config: Settings) -> Service:
    """The batch driver."""
    return Service(
        name="spark-batch",
        purpose="warm Spark for batch jobs",
        command=[sys.executable, "-m", "acude.lake.connect_server"],
        environment=driver_environment(config),
        ready=ready,
        prepare=prepare_driver,
        address=f"sc://localhost:{config.spark_connect_port}",
        login="token in var/local.env",
        ports=[(config.spark_connect_port, "spark_connect_port")],
        after=("s3", *executors(config)),
        directory=config.var / "spark",
    )


def executors(config: Settings) -> list[str]:
    """Names of the local cluster's servers, which run before a driver; none without a cluster."""
    workers = [f"spark-worker-{number}" for number in range(1, config.spark_workers + 1)]
    return ["spark-master", *workers] if workers else []


def driver_environment(config: Settings) -> dict[str, str]:
    """What a process needs to start a driver: the Spark of this Python, a fitting Java, loopback."""
    java = find_java(config)
    return {
        "SPARK_HOME": str(spark_home()),
        **({"JAVA_HOME": str(java.parent.parent)} if java else {}),
        "SPARK_LOCAL_IP": config.bind,
        "ACUDE_JVM_SHORT_LIVED": str(config.jvm_short_lived),
    }


def prepare_driver(config: Settings) -> None:
    """Make sure of Java, of the jars, and of the folder for what doesn't fit into memory."""
    require_java(config)
    require_jars(config, "spark")
    (config.var / "spark").mkdir(parents=True, exist_ok=True)


def ready(config: Settings) -> None:
    """Ask for a property. The bare client does: a `SparkSession` would change this process's mode."""
    from pyspark.sql.connect.client import SparkConnectClient  # noqa: PLC0415 - takes a second

    from acude.lake.connect_channel import channel  # noqa: PLC0415 - the same

    client = SparkConnectClient(channel(config.spark_remote or ""))
    # The platform asks again by itself; the client would warn aloud.
    client.set_retry_policies([])
    try:
        client.get_configs("spark.app.name")
    finally:
        client.close()


def spark_home() -> Path:
    """Folder of this Python's Spark."""
    spec = find_spec("pyspark")
    if not spec or not spec.origin:
        raise PlatformError("pyspark is not installed.", "Run `make install`.")
    return Path(spec.origin).parent
