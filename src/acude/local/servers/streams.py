"""The streams' driver, kept like a server: one Spark in which ingest and measure run."""

import sys
from pathlib import Path

from acude.local.errors import PlatformError
from acude.local.java import find_java, require_jars, require_java
from acude.local.service import Service
from acude.settings import HOST, Settings


def service(config: Settings) -> Service:
    """The driver."""
    java = find_java(config)
    return Service(
        name="streams",
        purpose="Kafka to bronze, silver and live metrics",
        command=[sys.executable, "-m", "jobs.streaming"],
        environment={
            "SPARK_HOME": str(_spark_home()),
            **({"JAVA_HOME": str(java.parent.parent)} if java else {}),
            "SPARK_LOCAL_IP": HOST,
        },
        ready=ready,
        prepare=prepare,
        address="bronze, silver, gold.ao_vivo_*",
        after=("kafka", "s3", "glue", "spark-batch"),
        timeout_s=150,
        stop_timeout_s=40,
        live=True,
    )


def ready(config: Settings) -> None:
    """Ask whether the driver holds its lease and has said that its queries run."""
    from acude.lake.lease import Lease  # noqa: PLC0415 - imports boto3

    holder = Lease("streams", config).holder()
    if not holder or not holder.get("ready"):
        raise ConnectionError("the streams' driver does not hold its lease yet")


def prepare(config: Settings) -> None:
    """Create the topics, so that the queries find them."""
    from acude.ingress.topics import ensure_topics  # noqa: PLC0415 - imports the Kafka client

    require_java(config)
    require_jars(config, "spark")
    (config.var / "spark").mkdir(parents=True, exist_ok=True)
    ensure_topics(config)


def _spark_home() -> Path:
    from importlib.util import find_spec  # noqa: PLC0415

    spec = find_spec("pyspark")
    if not spec or not spec.origin:
        raise PlatformError("pyspark is not installed.", "Run `make install`.")
    return Path(spec.origin).parent
