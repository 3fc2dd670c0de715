"""Events on their way to the trail, for those who can't wait for the database: a thread takes them there.

While the database is away they wait here. A process that is killed loses those of its last half second, or of the
outage; a process that ends in good order takes them there first, where the database answers.
"""

import logging
import threading
from collections import deque
from typing import Final

import psycopg

from acude.payments.audit_log import append
from acude.payments.hash_chain import AuditEvent
from acude.payments.session import Session
from acude.settings import Settings

log = logging.getLogger(__name__)

_EVERY_S: Final = 0.5
_AT_ONCE: Final = 1_000
_ENDING_S: Final = 5.0


class AuditBufferFullError(RuntimeError):
    """So many events wait for the database that no more are taken."""


class AuditBuffer:
    """Takes events and adds them to the trail a moment later, in their order.

    Args:
        config: where the trail is.
        most: so many may wait.
    """

    def __init__(self, config: Settings, most: int = 50_000) -> None:
        self._session = Session(config, "acude-trilha")
        self._most = most
        self._waiting: deque[AuditEvent] = deque()
        self._stop = threading.Event()
        self._lost = False
        self._thread = threading.Thread(target=self._run, name="notes", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many events are not in the trail yet."""
        return len(self._waiting)

    def add(self, event: AuditEvent) -> None:
        """Takes an event.

        Raises:
            AuditBufferFullError: too many wait; whatever must not happen unnoticed should not happen now.
        """
        if len(self._waiting) >= self._most:
            raise AuditBufferFullError(f"{self._most} events wait for the decisions' database")
        self._waiting.append(event)

    def close(self) -> None:
        """Takes what waits to the trail, once, and ends."""
        self._stop.set()
        self._thread.join(_ENDING_S)

    def _run(self) -> None:
        while not self._stop.wait(_EVERY_S):
            self._flush()
        self._flush()
        self._session.close()

    def _flush(self) -> None:
        # Only this thread takes events away, and adding at the other end moves none of the first ones.
        while some := [self._waiting[place] for place in range(min(len(self._waiting), _AT_ONCE))]:
            try:
                with self._session.transaction() as connection:
                    append(connection, some)
            except psycopg.Error as problem:
                self._say(lost=True, why=type(problem).__name__)
                return
            self._say(lost=False)
            for _ in some:
                self._waiting.popleft()

    def _say(self, *, lost: bool, why: str = "") -> None:
        """Once an outage."""
        if lost and not self._lost:
            log.warning("the trail can't be written now (%s); %d events wait", why, len(self._waiting))
        self._lost = lost
