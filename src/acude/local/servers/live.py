"""The shop that is played, and what follows it: streams, warehouses, poller, shoppers.

They belong to ``acude up``, not to the bare servers, for a test or a demo plays its own day.
"""

import sys
from pathlib import Path

import httpx

from acude.local.service import Service
from acude.settings import HOST, Settings


def streams(config: Settings) -> Service:
    """The streams' Spark driver."""
    return Service(
        name="streams",
        purpose="lands and refines events",
        command=[sys.executable, "-m", "jobs.streaming"],
        ready=_nothing_to_ask,
        address="",
        after=("kafka", "s3", "glue"),
        # Ends its micro-batch first.
        stop_timeout_s=30,
        directory=config.project,
        live=True,
    )


def warehouses(config: Settings) -> Service:
    """The simulated warehouses' REST API."""
    return Service(
        name="warehouses",
        purpose="simulated warehouses' stock",
        command=[sys.executable, "-m", "acude.simulator.warehouses"],
        ready=_warehouses_answer,
        address=f"http://{HOST}:{config.warehouses_port}",
        ports=[(config.warehouses_port, "warehouses_port")],
        directory=config.project,
        live=True,
    )


def poller(config: Settings) -> Service:
    """Takes the warehouses' updates to Kafka."""
    return Service(
        name="poller",
        purpose="warehouses' updates to Kafka",
        command=[sys.executable, "-m", "acude.ingress.poller"],
        ready=_nothing_to_ask,
        address="",
        after=("kafka", "s3", "warehouses"),
        directory=config.project,
        live=True,
    )


def shop(config: Settings) -> Service:
    """Shoppers by the real clock."""
    acude = str(Path(sys.executable).parent / "acude")
    return Service(
        name="shop",
        purpose="simulated shoppers and orders",
        command=[acude, "simulate", "--live", "--rate", str(config.live_rate)],
        ready=_nothing_to_ask,
        address="",
        after=("kafka", "postgres"),
        directory=config.project,
        live=True,
    )


def _warehouses_answer(config: Settings) -> None:
    """Ask for its health, the one path that never fails on purpose."""
    httpx.get(f"{config.warehouses_url}/saude", timeout=5).raise_for_status()


def _nothing_to_ask(_: Settings) -> None:
    """It serves nobody; that it lives is all that can be asked."""
