"""Glue's data catalogue: moto's server, which speaks the API and keeps everything in memory.

A restart loses the catalogue; registering the tables must be repeatable, and the platform does it at each start.
"""

import sys
from pathlib import Path

from acude.local.probe import ask_once
from acude.local.service import Service
from acude.settings import HOST, Settings


def service(config: Settings) -> Service:
    """The catalogue."""
    return Service(
        name="glue",
        purpose="table catalogue",
        command=[str(Path(sys.executable).parent / "moto_server"), "-H", HOST, "-p", str(config.glue_port)],
        ready=ready,
        address=f"http://{HOST}:{config.glue_port}",
        ports=[(config.glue_port, "glue_port")],
    )


def ready(config: Settings) -> None:
    """List the databases."""
    ask_once("glue", config.glue_endpoint, config)
