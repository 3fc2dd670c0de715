"""Ends a process that hangs: nothing else can, and its keeper starts another.

librdkafka's `send_offsets_to_transaction` waits for ever where the broker goes away in the wrong moment, whatever its
time-out says (confluentinc/librdkafka#5456). A worker that hangs keeps its partitions, for its heartbeats go on.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Final

log = logging.getLogger(__name__)

_LOOK_EVERY_S: Final = 1.0
STUCK: Final = 70
"""Exit status."""


def watch(alive: Callable[[], bool], end: Callable[[int], object] = os._exit) -> threading.Thread:
    """Looks once a second, in a thread, and ends the process where it is no longer alive.

    Args:
        alive: whether the process's loop went round a moment ago.
        end: ends the process at once, with an exit status; a hanging one has no time for more.
    """

    def look() -> None:
        while alive():
            time.sleep(_LOOK_EVERY_S)
        log.critical("the worker hangs: it ends, and its keeper starts another")
        end(STUCK)

    thread = threading.Thread(target=look, name="watchdog", daemon=True)
    thread.start()
    return thread
