"""A TLS proxy for servers that were built without TLS."""

import sys
from dataclasses import replace
from pathlib import Path

from acude.local import certificates
from acude.local.service import Action, Service, nothing
from acude.settings import Settings


def behind_tls(server: Service, config: Settings, socket: Path, ready: Action, protocol: str = "") -> list[Service]:
    """Two services instead of one: the server on its Unix socket, and the TLS proxy on its port.

    Args:
        server: already configured to listen at its socket, and nowhere else.
        config: where the certificate is.
        socket: the server's.
        ready: asks by TLS.
        protocol: `postgres`, where clients ask for TLS in that protocol.
    """
    (port, _), *_ = server.ports
    program = [sys.executable, "-m", "acude.local.tls_front"]
    hidden = replace(server, name=f"{server.name}-server", address=str(socket), ports=())
    front = replace(
        server,
        purpose=f"TLS for {hidden.name}",
        command=[*program, str(port), str(socket), str(certificates.server(config)), protocol],
        ready=ready,
        prepare=nothing,
        finish=nothing,
        stop_signal="TERM",
        after=(hidden.name,),
    )
    return [hidden, front]
