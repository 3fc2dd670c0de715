"""One writer per table, held by a lease on S3.

The streams' tables have one driver, which holds the lease while it runs: an object that is created and renewed by
conditional PUTs (`If-None-Match`, `If-Match`), which S3 decides atomically. Each holder has a number, higher than that
of the one before; it stands in each of the holder's commits, so that a driver which was paused beyond its time can't
commit beside the next one (`acude.lake.commit`).
"""

import json
import os
import socket
import threading
import time
import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
from botocore.exceptions import BotoCoreError, ClientError
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from acude import process_tree
from acude.errors import AcudeError
from acude.lake import conditional
from acude.lake.commit import LeaseLost
from acude.settings import Settings, settings

LEASE_HELD = 3
"""Exit code of a driver that another one keeps from the tables."""

_TTL = timedelta(seconds=30)
_RENEW_S = 5.0


class LeaseHeld(AcudeError):  # noqa: N818 - a state, not a fault
    """Another driver holds the lease."""

    def __init__(self, writer: str, holder: dict[str, Any]) -> None:
        super().__init__(
            f"The tables of the writer '{writer}' are being written by process {holder['pid']} on {holder['host']} "
            f"(lease until {holder['expires_at']}).",
            "Stop it, or wait until it ends.",
        )


class Lease:
    """The right to write one writer's tables; a context manager that renews in the background.

    Attributes:
        name: of the writer.
        number: of this holder, None before it holds the lease.
        lost: set once the lease is known to be lost.
    """

    def __init__(self, writer: str, config: Settings | None = None) -> None:
        config = config or settings()
        self.name = writer
        self.number: int | None = None
        self.lost = threading.Event()
        self._config = config
        self._key = f"_controle/arrendamentos/{writer}.json"
        self._token = str(uuid.uuid4())
        self._etag: str | None = None
        self._renewed = 0.0
        self._stop = threading.Event()
        self._ready = False

    def holder(self) -> dict[str, Any] | None:
        """The process that holds it now (host, pid, expires_at, ready, cpu_s), None where none does."""
        found = self._read()
        return found[0] if found and _alive(found[0]) else None

    def acquire(self, wait: timedelta = timedelta()) -> "Lease":
        """Takes the lease and renews it until `release`.

        Args:
            wait: how long to try while another holds it.

        Raises:
            LeaseHeld: it is still held.
        """
        retry(
            retry=retry_if_exception_type(LeaseHeld), stop=stop_after_delay(wait), wait=wait_fixed(0.5), reraise=True
        )(self._take)()
        threading.Thread(target=self._keep, name=f"lease-{self.name}", daemon=True).start()
        return self

    def check(self) -> None:
        """A cheap check before each commit; the commit itself finds what this can't know.

        Raises:
            LeaseLost: it was taken away, or not renewed in time, as after a long pause of this process.
        """
        if self.number is None or self.lost.is_set() or time.monotonic() - self._renewed > _TTL.total_seconds():
            raise LeaseLost(f"The lease on the tables of '{self.name}' ran out; another driver may write them now")

    def release(self) -> None:
        """Gives the lease back; its number stays, so that the next holder's is higher."""
        self._stop.set()
        if self.lost.is_set():
            return
        with suppress(ClientError, BotoCoreError):
            self._write(self._etag, ended=True)

    def announce_ready(self) -> None:
        """Marks the holder as ready: its work has begun. Takes effect with the next renewal."""
        self._ready = True

    def __enter__(self) -> "Lease":
        return self if self._etag else self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _read(self) -> tuple[dict[str, Any], str] | None:
        found = conditional.read(self._key, self._config)
        return (json.loads(found[0]), found[1]) if found else None

    def _write(self, seen: str | None, *, ended: bool = False) -> bool:
        now, began = datetime.now(UTC), time.monotonic()
        body = {
            "token": self._token,
            "number": self.number,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "started": psutil.Process().create_time(),
            "expires_at": (now if ended else now + _TTL).isoformat(),
            "ready": self._ready,
            "cpu_s": process_tree.cpu_seconds(os.getpid()),
        }
        etag = conditional.replace(self._key, json.dumps(body).encode(), seen, self._config)
        if etag is None:
            return False
        self._etag, self._renewed = etag, began
        return True

    def _take(self) -> None:
        found = self._read()
        holder, etag = found or ({}, None)
        if found and holder["token"] != self._token and _alive(holder):
            raise LeaseHeld(self.name, holder)
        # By the clock, so that a lost object doesn't make numbers fall; by the last one, so that a clock doesn't.
        self.number = max(int(time.time() * 1000), holder.get("number", 0) + 1)
        free = self._write(etag)
        if not free:
            self.number = None
            self._take()

    def _keep(self) -> None:
        while not self._stop.wait(_RENEW_S):
            try:
                if not self._write(self._etag):
                    break
            except (ClientError, BotoCoreError):
                # S3 may be away for a while; only after the lease ran out may another have taken it.
                if time.monotonic() - self._renewed > _TTL.total_seconds():
                    break
        else:
            return
        self.lost.set()


def _alive(holder: dict[str, Any]) -> bool:
    """Whether that holder still has the right: not expired and, on this host, still running."""
    if datetime.fromisoformat(holder["expires_at"]) <= datetime.now(UTC):
        return False
    if holder["host"] != socket.gethostname():
        return True
    try:
        return abs(psutil.Process(holder["pid"]).create_time() - float(holder["started"])) < 1
    except psutil.NoSuchProcess:
        return False
