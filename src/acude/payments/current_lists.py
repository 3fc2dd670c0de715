"""The lists that hold at the moment: a thread looks every second whether they have changed, no payment waits for it."""

import logging
import threading
import time
from typing import Final, NamedTuple

import psycopg
from psycopg.errors import UndefinedTable

from acude.contracts.documents import tokens_of
from acude.payments.lists import entries
from acude.payments.session import Session
from acude.payments.store import prepare
from acude.risk.lists import Lists
from acude.settings import Settings

log = logging.getLogger(__name__)

_LOOK_EVERY_S: Final = 1.0
_ENDING_S: Final = 3.0


class Known(NamedTuple):
    """The lists as they were last read; `old` where that is longer ago than a decision should bear."""

    lists: Lists
    old: bool


NO_LISTS: Final = Known(Lists(), old=False)


class CurrentLists:
    """Call it for the lists. While the database is away the last known ones hold.

    Args:
        config: where the database is, and after how long lists are old.
    """

    def __init__(self, config: Settings) -> None:
        self._session = Session(config, "acude-listas")
        self._token = tokens_of(config).of
        self._bearable_s = config.risk_lists_old.total_seconds()
        self._lists = Lists()
        self._version: int | None = None
        self._read_at: float | None = None
        self._away = False
        self._stop = threading.Event()
        # Once before the first payment; an outage costs the start two seconds, no more.
        self._look()
        self._thread = threading.Thread(target=self._run, name="lists", daemon=True)
        self._thread.start()

    def __call__(self) -> Known:
        """The lists."""
        return Known(self._lists, old=self.age_s > self._bearable_s)

    @property
    def age_s(self) -> float:
        """Seconds since the database was last asked with success; infinite where it never was."""
        return float("inf") if self._read_at is None else time.monotonic() - self._read_at

    def close(self) -> None:
        """Looks no more."""
        self._stop.set()
        self._thread.join(_ENDING_S)

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_EVERY_S):
            self._look()
        self._session.close()

    def _look(self) -> None:
        asked = time.monotonic()
        try:
            self._read()
        except UndefinedTable:
            self._prepare()
        except (psycopg.Error, ValueError) as problem:
            self._say(away=True, why=type(problem).__name__)
        else:
            self._read_at = asked
            self._say(away=False)

    def _read(self) -> None:
        with self._session.transaction() as connection:
            # Before the entries: whatever changes in between is read again at the next look.
            found = connection.execute("SELECT versao FROM listas_versao").fetchone()
            version = found[0] if found else None
            if version is None or version != self._version:
                self._lists = Lists(entries(connection), self._token)
                self._version = version

    def _prepare(self) -> None:
        """On a new database a worker may come before the recorder."""
        try:
            with self._session.transaction() as connection:
                prepare(connection)
        except psycopg.Error as problem:
            self._say(away=True, why=type(problem).__name__)

    def _say(self, *, away: bool, why: str = "") -> None:
        """Once an outage."""
        if away and not self._away:
            log.warning("the lists can't be read now (%s); %d entries hold as they were", why, len(self._lists))
        self._away = away
