"""The streams' driver, run like a server: one Spark for all streaming queries."""

import sys

from acude.contracts.model import STREAMS
from acude.local.servers.spark import driver_environment, executors, prepare_driver
from acude.local.service import Service
from acude.settings import Settings


def service(config: Settings) -> Service:
    """The driver."""
    return Service(
        name="streams",
        kafka_user="streams",
        purpose="Kafka to bronze, silver and live metrics",
        command=[sys.executable, "-m", "jobs.streaming"],
        environment=driver_environment(config),
        ready=ready,
        health=f"http://{config.here}:{config.streams_metrics_port}/pronta",
        prepare=prepare,
        address="bronze, silver, gold.ao_vivo_*",
        after=("kafka", "s3", "glue", "spark-batch", *executors(config)),
        ports=[(config.streams_metrics_port, "streams_metrics_port")],
        timeout_s=120,
        stop_timeout_s=40,
        live=True,
    )


def ready(config: Settings) -> None:
    """Ask whether the driver holds its lease, and each of its queries has got through a batch."""
    from acude.lake.lease import Lease  # noqa: PLC0415 - imports boto3

    holder = Lease(STREAMS, config).holder()
    if not holder or not holder.get("ready"):
        raise ConnectionError("the streams' driver does not hold its lease yet, or its queries do not advance")


def prepare(config: Settings) -> None:
    """Create the topics, so that the queries find them."""
    from acude.kafka.topics import ensure_topics  # noqa: PLC0415 - imports the Kafka client

    prepare_driver(config)
    ensure_topics(config)
