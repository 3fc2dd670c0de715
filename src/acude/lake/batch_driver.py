"""Keeps the batch's driver, the warm Spark Connect server, under the lease on the batch's tables.

Usage: python -m acude.lake.batch_driver COMMAND...

Every batch task is a client of one such server. A second one, on whatever machine, would commit beside it and lose
data; so the server lives as long as this process holds the lease, and dies with it.
"""

import ctypes
import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from datetime import timedelta

from acude.lake.control import LEASE_HELD
from acude.lake.lease import Lease, LeaseHeld

log = logging.getLogger(__name__)

WRITER = "batch"

_LOOK_S = 0.5
_PATIENCE = timedelta(seconds=40)
"""Longer than a lease that nobody renews any more."""

_MAY_TAKE_S = 10.0
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)
"""Loaded here: between fork and exec of a process with threads, only the call itself is safe."""


def main(command: Sequence[str]) -> int:
    """Runs the server until told to end; returns its exit code, `LEASE_HELD` where another one writes."""
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    try:
        lease = Lease(WRITER).acquire(wait=_PATIENCE)
    except LeaseHeld as held:
        log.error("%s", held)  # noqa: TRY400 - the sentence says it all
        return LEASE_HELD
    with lease:
        # Also where this process is killed: nobody would renew the lease then.
        server = subprocess.Popen(command, preexec_fn=_die_with_parent)  # noqa: PLW1509 - see `_LIBC`
        while server.poll() is None and not asked.wait(_LOOK_S):
            if lease.lost.is_set():
                log.error("Lost the lease on the batch's tables; ending, so that nobody writes beside the new holder")
                break
        return _end(server)


def _end(server: "subprocess.Popen[bytes]") -> int:
    server.terminate()
    try:
        return server.wait(_MAY_TAKE_S)
    except subprocess.TimeoutExpired:
        server.kill()
        return server.wait()


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    sys.exit(main(sys.argv[1:]))
