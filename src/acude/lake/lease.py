"""One writer a table, held by a lease on S3.

Delta on S3 keeps concurrent commits apart by a lock inside one JVM, so two drivers that write a table lose data.
A driver therefore holds its writer's lease while it runs: an object that is created and renewed by conditional
PUTs (`If-None-Match`, `If-Match`), which S3 decides atomically.
"""

import json
import os
import socket
import threading
import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
from botocore.exceptions import BotoCoreError, ClientError
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from acude.aws import s3
from acude.settings import Settings, settings

_TTL = timedelta(seconds=30)
_RENEW_S = 5.0
_CONFLICT = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


class LeaseHeld(RuntimeError):  # noqa: N818 - a state, not a fault
    """Another driver holds the lease."""

    def __init__(self, writer: str, holder: dict[str, Any]) -> None:
        super().__init__(
            f"The tables of the writer '{writer}' are being written by process {holder['pid']} on {holder['host']} "
            f"(lease until {holder['expires_at']}); stop it, or wait until it ends"
        )


class Lease:
    """The right to write one writer's tables; a context manager that renews in the background."""

    def __init__(self, writer: str, config: Settings | None = None) -> None:
        config = config or settings()
        self.writer = writer
        self.lost = threading.Event()
        self._s3 = s3(config)
        self._place = {"Bucket": config.lake_bucket, "Key": f"_controle/arrendamentos/{writer}.json"}
        self._token = str(uuid.uuid4())
        self._etag: str | None = None
        self._stop = threading.Event()
        self._ready = False

    def holder(self) -> dict[str, Any] | None:
        """Who holds it now (host, pid, expires_at, ready), None where nobody does."""
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
        threading.Thread(target=self._keep, name=f"lease-{self.writer}", daemon=True).start()
        return self

    def release(self) -> None:
        """Gives the lease back."""
        self._stop.set()
        if self.lost.is_set():
            return
        with suppress(ClientError, BotoCoreError):
            self._s3.delete_object(**self._place)  # type: ignore[arg-type]

    def announce_ready(self) -> None:
        """Tells whoever looks at the holder that its work has begun; takes effect with the next renewal."""
        self._ready = True

    def __enter__(self) -> "Lease":
        return self if self._etag else self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _read(self) -> tuple[dict[str, Any], str] | None:
        try:
            answer = self._s3.get_object(**self._place)  # type: ignore[arg-type]
        except ClientError as problem:
            if problem.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                return None
            raise
        return json.loads(answer["Body"].read()), answer["ETag"]

    def _write(self, **condition: str) -> bool:
        now = datetime.now(UTC)
        me = psutil.Process()
        body = {
            "token": self._token,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "started": me.create_time(),
            "expires_at": (now + _TTL).isoformat(),
            "ready": self._ready,
        }
        try:
            answer = self._s3.put_object(**self._place, Body=json.dumps(body).encode(), **condition)  # type: ignore[arg-type]
        except ClientError as problem:
            if problem.response["Error"]["Code"] in _CONFLICT:
                return False
            raise
        self._etag = answer["ETag"]
        return True

    def _take(self) -> None:
        found = self._read()
        if found is None:
            if not self._write(IfNoneMatch="*"):
                self._take()
            return
        holder, etag = found
        if holder["token"] != self._token and _alive(holder):
            raise LeaseHeld(self.writer, holder)
        if not self._write(IfMatch=etag):
            raise LeaseHeld(self.writer, holder)

    def _keep(self) -> None:
        renewed = datetime.now(UTC)
        while not self._stop.wait(_RENEW_S):
            try:
                if not self._write(IfMatch=self._etag or ""):
                    break
                renewed = datetime.now(UTC)
            except (ClientError, BotoCoreError):
                # S3 may be away for a while; only after the lease ran out may another have taken it.
                if datetime.now(UTC) - renewed > _TTL:
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
