"""The ports of this machine, and the processes that listen on them."""

import contextlib
import socket
from collections.abc import Iterable

import psutil

from acude.local.errors import PlatformError
from acude.settings import HOST


def is_free(port: int, host: str = HOST) -> bool:
    """Whether a server could listen on the port of that address now; for every interface, on the port of each."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: a port whose last connections are still closing counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def holder(port: int) -> str:
    """Name and process id of the listener on a port, as far as this user may see it."""
    with contextlib.suppress(psutil.AccessDenied):
        for connection in psutil.net_connections("tcp"):
            if connection.status != psutil.CONN_LISTEN or not connection.pid or not connection.laddr:
                continue
            if connection.laddr.port == port:
                with contextlib.suppress(psutil.Error):
                    return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    return "another program"


def require_free(service: str, places: Iterable[tuple[str, int, str]]) -> None:
    """Refuse to start a server whose port is taken.

    Args:
        service: Name of the server.
        places: Where it listens: address, port, and the setting that moves the port.

    Raises:
        PlatformError: A port is taken; says by whom and which variable moves it.
    """
    for host, port, setting in places:
        if not is_free(port, host):
            raise PlatformError(
                f"{service} needs port {port}, but {holder(port)} listens there.",
                f"Stop it, or choose another port with ACUDE_{setting.upper()}=<port>.",
            )


def listening(pid: int) -> set[tuple[str, int]]:
    """Addresses on which a process and its children listen, as (host, port)."""
    found: set[tuple[str, int]] = set()
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for member in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                found |= _listens(member)
    return found


def _listens(process: psutil.Process) -> set[tuple[str, int]]:
    connections = process.net_connections("tcp")
    return {(c.laddr.ip, c.laddr.port) for c in connections if c.status == psutil.CONN_LISTEN and c.laddr}
