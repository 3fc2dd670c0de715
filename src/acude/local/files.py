"""Where sockets can lie."""

import hashlib
import tempfile
from pathlib import Path

from acude.settings import Settings

_LONGEST_SOCKET_PATH = 85
"""The kernel takes 107 bytes; supervisord adds its process id while it creates the socket, PostgreSQL a name."""


def socket_path(config: Settings, name: str) -> Path:
    """A server's socket: in ``var``, or in the temporary folder where ``var``'s path is too long for a socket."""
    path = config.var / f"{name}.sock"
    if len(str(path)) <= _LONGEST_SOCKET_PATH:
        return path
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"acude-{digest}.sock"
