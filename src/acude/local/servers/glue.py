"""Glue's data catalogue: moto's server, which speaks the API and keeps everything in memory.

A restart loses what it knew; it registers the contracts' tables each time it starts (`acude.local.glue_server`).
"""

import sys

from acude.local.probe import ask_once
from acude.local.service import Service
from acude.settings import Settings


def service(config: Settings) -> Service:
    """The catalogue."""
    return Service(
        name="glue",
        purpose="table catalogue",
        command=[sys.executable, "-m", "acude.local.glue_server"],
        ready=ready,
        finish=register,
        address=f"http://{config.here}:{config.glue_port}",
        login="keys in var/local.env",
        ports=[(config.glue_port, "glue_port")],
        directory=config.project,
    )


def ready(config: Settings) -> None:
    """List the databases."""
    ask_once("glue", config.glue_endpoint, config)


def register(config: Settings) -> None:
    """Register the contracts' tables. The start did it already; a contract that can't be registered fails here."""
    from acude.lake.catalog import register_all  # noqa: PLC0415 - reads every contract

    register_all(config)
