"""Buffers events for the audit log, for callers that can't wait for the database. A thread writes them.

While the database is away, events wait in memory. A process that is killed loses the events of its last half second, or
of the outage. A process that ends in good order writes them first, where the database answers.
"""

import logging
import threading
from collections import deque
from typing import Final

import psycopg

from acude.payments.audit_log import append, chain_keys
from acude.payments.hash_chain import AuditEvent
from acude.payments.session import Session
from acude.settings import Settings

log = logging.getLogger(__name__)

_EVERY_S: Final = 0.5
_AT_ONCE: Final = 1_000
_ENDING_S: Final = 5.0


class AuditBufferFullError(RuntimeError):
    """The buffer is full: the database has been away for too long."""


class AuditBuffer:
    """Takes events, and appends them to the audit log within half a second, in their order.

    Args:
        config: where the database is.
        most: how many events may wait.

    Raises:
        AcudeError: the settings have no key for the log.
    """

    def __init__(self, config: Settings, most: int = 50_000) -> None:
        # Now rather than in the thread, where nobody would see it.
        chain_keys(config)
        self._session = Session(config, "acude-trilha")
        self._most = most
        self._waiting: deque[AuditEvent] = deque()
        self._stop = threading.Event()
        self._lost = False
        self.thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self.thread.start()

    @property
    def waiting(self) -> int:
        """How many events are not in the audit log yet."""
        return len(self._waiting)

    def add(self, event: AuditEvent) -> None:
        """Takes an event.

        Raises:
            AuditBufferFullError: too many wait; what must be audited should not happen now.
        """
        if len(self._waiting) >= self._most:
            raise AuditBufferFullError(f"{self._most} events wait for the decisions' database")
        self._waiting.append(event)

    def close(self) -> None:
        """Writes what waits, in one try, and ends."""
        self._stop.set()
        self.thread.join(_ENDING_S)

    def _run(self) -> None:
        while not self._stop.wait(_EVERY_S):
            self._flush()
        self._flush()
        self._session.close()

    def _flush(self) -> None:
        # Only this thread removes events, and an append at the other end does not move the first ones.
        while some := [self._waiting[place] for place in range(min(len(self._waiting), _AT_ONCE))]:
            try:
                with self._session.transaction() as connection:
                    append(connection, some)
            except psycopg.Error as problem:
                self._report(lost=True, why=type(problem).__name__)
                return
            self._report(lost=False)
            for _ in some:
                self._waiting.popleft()

    def _report(self, *, lost: bool, why: str = "") -> None:
        """Logs once per outage."""
        if lost and not self._lost:
            log.warning("the audit log can't be written now (%s); %d events wait", why, len(self._waiting))
        self._lost = lost
