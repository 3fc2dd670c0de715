"""Block and allow list in memory. A thread checks every second whether they have changed; no payment waits for it."""

import logging
import threading
import time
from typing import Final, NamedTuple

import psycopg
from psycopg.errors import UndefinedTable

from acude.contracts.documents import tokens_of
from acude.migrations.database import MigrationError
from acude.payments.lists import entries
from acude.payments.session import Session
from acude.risk.lists import Lists
from acude.settings import Settings

log = logging.getLogger(__name__)

_CHECK_EVERY_S: Final = 1.0
_ENDING_S: Final = 3.0


class KnownLists(NamedTuple):
    """The lists as they were last read; `stale` where that is too long ago for a decision to rely on."""

    lists: Lists
    stale: bool


NO_LISTS: Final = KnownLists(Lists(), stale=False)


class ListCache:
    """Call it for the lists. While the database is away, the last known ones stay in force.

    Args:
        config: where the database is, and after how long lists are stale.
    """

    def __init__(self, config: Settings) -> None:
        self._session = Session(config, "acude-listas")
        self._token = tokens_of(config).of
        self._stale_after_s = config.risk_lists_old.total_seconds()
        self._lists = Lists()
        self._version: int | None = None
        self._read_at: float | None = None
        self._away = False
        self._stop = threading.Event()
        # Once before the first payment; a database that is away delays the start by two seconds at most.
        self._check()
        self.thread = threading.Thread(target=self._run, name="lists", daemon=True)
        self.thread.start()

    def __call__(self) -> KnownLists:
        """The lists."""
        return KnownLists(self._lists, stale=self.age_s > self._stale_after_s)

    @property
    def age_s(self) -> float:
        """Seconds since the last successful check; infinite before the first one."""
        return float("inf") if self._read_at is None else time.monotonic() - self._read_at

    def close(self) -> None:
        """Ends the checks."""
        self._stop.set()
        self.thread.join(_ENDING_S)

    def _run(self) -> None:
        while not self._stop.wait(_CHECK_EVERY_S):
            self._check()
        self._session.close()

    def _check(self) -> None:
        asked = time.monotonic()
        try:
            self._read()
        except UndefinedTable:
            self._migrate()
        except (psycopg.Error, ValueError) as problem:
            self._report(away=True, why=type(problem).__name__)
        else:
            self._read_at = asked
            self._report(away=False)

    def _read(self) -> None:
        with self._session.transaction() as connection:
            # Before the entries: a change in between is read by the next check.
            found = connection.execute("SELECT versao FROM listas_versao").fetchone()
            version = found[0] if found else None
            if version is None or version != self._version:
                self._lists = Lists(entries(connection), self._token)
                self._version = version

    def _migrate(self) -> None:
        try:
            self._session.migrate()
        except (psycopg.Error, MigrationError) as problem:
            self._report(away=True, why=type(problem).__name__)

    def _report(self, *, away: bool, why: str = "") -> None:
        """Logs once per outage."""
        if away and not self._away:
            log.warning("the lists can't be read now (%s); %d entries stay as they were", why, len(self._lists))
        self._away = away
