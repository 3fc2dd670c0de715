"""Files that only their owner may read, and where sockets can lie."""

import hashlib
import os
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


def write_private(path: Path, text: str) -> None:
    """Replace a file that only its owner may read, in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # `mkstemp` opens it for its owner only.
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(draft).replace(path)
