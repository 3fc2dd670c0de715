"""Ends a process that hangs, because nothing else can. A supervisor starts it again.

librdkafka's `send_offsets_to_transaction` may wait for ever when the broker goes away at the wrong moment, whatever its
time-out says (confluentinc/librdkafka#5456). Its heartbeats go on, so the group gives its partitions to nobody else.
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
    """Looks once a second, in a thread, and ends the process that is no longer alive.

    Args:
        alive: whether the process's loop makes progress.
        end: ends the process at once, with an exit status; a process that hangs has no time for more.
    """

    def look() -> None:
        while alive():
            time.sleep(_LOOK_EVERY_S)
        log.critical("the process hangs and ends; its supervisor starts it again")
        end(STUCK)

    thread = threading.Thread(target=look, name="watchdog", daemon=True)
    thread.start()
    return thread
