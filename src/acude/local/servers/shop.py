"""The shop itself: warehouses with their REST API, the poller that asks them, and live shoppers."""

import sys
from pathlib import Path

import httpx

from acude.local.service import Service
from acude.settings import HOST, Settings


def warehouses(config: Settings) -> Service:
    """The simulated warehouses' API; it fails now and then, as real ones do."""
    return Service(
        name="warehouses",
        purpose="simulated warehouses' REST API",
        command=[sys.executable, "-m", "acude.simulator.warehouses"],
        ready=lambda config: _answers(f"{config.warehouses_url}/saude"),
        address=config.warehouses_url,
        ports=[(config.warehouses_port, "warehouses_port")],
        live=True,
    )


def _answers(url: str) -> None:
    httpx.get(url, timeout=2).raise_for_status()


def blacklist(config: Settings) -> Service:
    """The simulated external list of documents."""
    return Service(
        name="blacklist",
        purpose="simulated external list of CPFs and CNPJs",
        command=[sys.executable, "-m", "acude.simulator.blacklist"],
        ready=lambda config: _answers(f"http://{HOST}:{config.blacklist_port}/saude"),
        address=f"http://{HOST}:{config.blacklist_port}",
        ports=[(config.blacklist_port, "blacklist_port")],
    )


def receiver(config: Settings) -> Service:
    """The simulated receiver of the webhook."""
    return Service(
        name="webhook-receiver",
        purpose="simulated receiver of the webhook",
        command=[sys.executable, "-m", "acude.simulator.receiver"],
        ready=lambda config: _answers(f"http://{HOST}:{config.receiver_port}/saude"),
        address=f"http://{HOST}:{config.receiver_port}/recebidos",
        ports=[(config.receiver_port, "receiver_port")],
    )


def poller(config: Settings) -> Service:
    """Takes the warehouses' updates to Kafka."""
    return Service(
        name="poller",
        purpose="stock updates from the warehouses to Kafka",
        command=[sys.executable, "-m", "acude.ingestion.stock_poller"],
        ready=lambda _config: None,
        address=f"topic atualizacoes_estoque on {config.kafka_bootstrap}",
        after=("kafka", "s3", "warehouses", "streams"),
        live=True,
    )


def traffic(config: Settings) -> Service:
    """Shoppers, at a modest rate, on the real clock."""
    return Service(
        name="traffic",
        purpose="simulated shoppers, live",
        command=[str(Path(sys.executable).parent / "acude"), "simulate", "--live", "--rate", str(config.traffic_rate)],
        ready=lambda _config: None,
        address=f"topic eventos_clientes on {config.kafka_bootstrap}",
        after=("kafka", "postgres", "streams"),
        live=True,
    )


def payers(config: Settings) -> Service:
    """Payers and a few fraudsters, at a modest rate, on the real clock."""
    acude = str(Path(sys.executable).parent / "acude")
    return Service(
        name="payers",
        purpose="simulated payers, live",
        command=[acude, "risk", "simulate", "--live", "--rate", str(config.payments_rate), "--labels-after", "10m"],
        ready=lambda _config: None,
        address=f"topic transacoes on {config.kafka_bootstrap}",
        after=("kafka", "risk-worker", "streams"),
        live=True,
    )
