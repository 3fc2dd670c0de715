"""Athena's own API in front of Trino."""

import sys

from acude.local.probe import ask_once
from acude.local.service import Service
from acude.settings import Settings


def service(config: Settings) -> Service:
    """The query endpoint."""
    return Service(
        name="athena",
        purpose="SQL for analysts",
        command=[sys.executable, "-m", "acude.athena"],
        ready=ready,
        address=f"http://{config.here}:{config.athena_port}",
        login="keys in var/local.env",
        ports=[(config.athena_port, "athena_port")],
        after=("s3", "glue", "trino"),
    )


def ready(config: Settings) -> None:
    """List the work groups."""
    ask_once("athena", config.athena_endpoint, config)
