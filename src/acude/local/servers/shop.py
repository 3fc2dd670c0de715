"""The shop itself: warehouses with their REST API, the poller that asks them, and live shoppers."""

import sys
from dataclasses import replace
from pathlib import Path

from acude.local.probe import answers
from acude.local.service import Service
from acude.settings import Settings


def warehouses(config: Settings) -> Service:
    """The simulated warehouses' API; it fails now and then, as real ones do."""
    service = _simulated("warehouses", "warehouses' REST API", config, "warehouses_port")
    return replace(service, address=config.warehouses_url, live=True)


def blacklist(config: Settings) -> Service:
    """The simulated external list of documents."""
    return _simulated("blacklist", "external list of CPFs and CNPJs", config, "blacklist_port")


def receiver(config: Settings) -> Service:
    """The simulated receiver of the webhook."""
    service = _simulated("receiver", "receiver of the webhook", config, "receiver_port")
    return replace(service, name="webhook-receiver", address=f"{service.address}/recebidos")


def _simulated(module: str, purpose: str, config: Settings, port: str) -> Service:
    """A server of the simulator; it answers at `/saude` when it is ready."""
    url = f"http://{config.here}:{getattr(config, port)}"
    return Service(
        name=module,
        purpose=f"simulated {purpose}",
        command=[sys.executable, "-m", f"acude.simulator.{module}"],
        ready=answers(f"{url}/saude"),
        health=f"{url}/saude",
        address=url,
        ports=[(getattr(config, port), port)],
    )


def poller(config: Settings) -> Service:
    """Takes the warehouses' updates to Kafka."""
    return Service(
        name="poller",
        kafka_user="poller",
        purpose="stock updates from the warehouses to Kafka",
        command=[sys.executable, "-m", "acude.stock.poller"],
        ready=lambda _config: None,
        address=f"topic atualizacoes_estoque on {config.kafka_bootstrap}",
        after=("kafka", "s3", "warehouses", "streams"),
        live=True,
    )


def traffic(config: Settings) -> Service:
    """Shoppers, at a modest rate, on the real clock."""
    return Service(
        name="traffic",
        kafka_user="traffic",
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
        kafka_user="payers",
        purpose="simulated payers, live",
        command=[acude, "risk", "simulate", "--live", "--rate", str(config.payments_rate), "--labels-after", "10m"],
        ready=lambda _config: None,
        address=f"topic transacoes on {config.kafka_bootstrap}",
        after=("kafka", "risk-worker", "streams"),
        live=True,
    )
