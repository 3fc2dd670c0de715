"""Asks the streams' driver to maintain its tables, because it alone may write them.

A request is an object under `_controle/pedidos/`, its answer one under `_controle/respostas/`. The driver looks every
few seconds and serves them one after another beside its queries. Where no driver runs, the caller serves them alone,
under the same lease (`acude.orchestration.streams`).
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

from pydantic import Field, ValidationError

from acude.aws import s3
from acude.contracts.model import STREAMS
from acude.contracts.model import table as contract_of
from acude.errors import AcudeError
from acude.lake import run_records
from acude.lake.lease import Lease
from acude.settings import settings

log = logging.getLogger(__name__)

REQUESTS = "_controle/pedidos/"
ANSWERS = "_controle/respostas/"
_LOOK_S = 1.0
_LEAST_S = 60.0
"""What a driver gets that is started just before time runs out."""

_ANSWERS_KEPT = timedelta(days=1)

Action = Literal["compact", "expire"]


class MaintenanceRequestError(AcudeError):
    """A request that was refused, failed or not answered in time."""

    retryable = True


class Request(run_records.ControlObject):
    """What is asked for; `day` only for `compact`."""

    id: str = Field(default_factory=lambda: f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{uuid4().hex[:8]}")
    action: Action
    table: str
    day: date | None = None

    @property
    def key(self) -> str:
        """Where the request lies; keys sort by age."""
        return f"{REQUESTS}{self.id}.json"

    @property
    def answer_key(self) -> str:
        """Where its answer will lie."""
        return f"{ANSWERS}{self.id}.json"


class Answer(run_records.ControlObject):
    """What became of a request; `error` is None where it was done."""

    request: Request
    result: dict[str, Any] = Field(default_factory=dict)
    error: str | None = None
    seconds: float


def request_all(
    requests: Iterable[Request], serve_alone: Callable[[float], None], wait: timedelta
) -> list[dict[str, Any]]:
    """Asks the streams' driver for several actions and waits for them.

    Args:
        requests: served in this order.
        serve_alone: called where no driver runs, with the seconds that it may take; serves what waits, under the
            streams' lease, or returns at once where another process holds that.
        wait: how long in all.

    Returns:
        For each, what `acude.lake.maintenance.compact` or `expire` returned.

    Raises:
        MaintenanceRequestError: a table that the streams don't write, one of them failed, or time ran out.
    """
    asked = list(requests)
    for one in asked:
        if contract_of(one.table).writer != STREAMS:
            raise MaintenanceRequestError(
                f"{one.table} is not written by the streams; maintain it with `maintain_batch`"
            )
    for one in asked:
        run_records.put(one.key, one)
    deadline = time.monotonic() + wait.total_seconds()
    try:
        return [_result(_await(one, serve_alone, deadline, wait)) for one in asked]
    finally:
        for one in asked:
            _delete(one.key)
            _delete(one.answer_key)


def _await(one: Request, serve_alone: Callable[[float], None], deadline: float, wait: timedelta) -> Answer:
    lease = Lease(STREAMS)
    while True:
        found = run_records.get(Answer, one.answer_key)
        if found:
            return found
        if time.monotonic() > deadline:
            raise MaintenanceRequestError(
                f"{one.action} {one.table} was not answered within {wait}; the streams' driver is "
                f"{lease.holder() or 'not running'}: look at its log (`acude logs streams`) and ask again"
            )
        if lease.holder() is None:
            serve_alone(max(deadline - time.monotonic(), _LEAST_S))
        else:
            time.sleep(_LOOK_S)


def _result(answer: Answer) -> dict[str, Any]:
    if answer.error is not None:
        asked = answer.request
        raise MaintenanceRequestError(f"{asked.action} {asked.table} {asked.day or ''}: {answer.error}")
    return answer.result


def waiting() -> list[Request]:
    """The requests that nobody has answered, oldest first; what can't be read is left out, and stops nothing."""
    bucket = settings().lake_bucket
    found = s3().list_objects_v2(Bucket=bucket, Prefix=REQUESTS).get("Contents", ())
    asked = (_readable(entry["Key"]) for entry in found)
    return [one for one in asked if one and run_records.get(Answer, one.answer_key) is None]


def _readable(key: str) -> Request | None:
    try:
        return run_records.get(Request, key)
    except ValidationError:
        log.warning("%s is no request; remove it", key)
        return None


def serve(one: Request, do: Callable[[Request], dict[str, Any]], given_up: threading.Event | None = None) -> None:
    """Does what is asked and leaves the answer; a failure is an answer, too, and stops nothing.

    Args:
        one: what is asked.
        do: does it.
        given_up: set where the driver ends meanwhile; the request then stays for the next one.
    """
    began = time.monotonic()
    result, error = {}, None
    try:
        result = do(one)
    except Exception as problem:  # the answer says it
        if given_up is not None and given_up.is_set():
            log.warning("%s %s %s given up; it stays for the next driver", one.action, one.table, one.day or "")
            return
        log.warning("%s %s %s failed", one.action, one.table, one.day or "", exc_info=True)
        error = f"{type(problem).__name__}: {str(problem).strip()}".removesuffix(": ").splitlines()[0][:500]
    answer = Answer(request=one, result=result, error=error, seconds=round(time.monotonic() - began, 3))
    run_records.put(one.answer_key, answer)
    _delete(one.key)
    log.info("%s %s %s: %s in %.1f s", one.action, one.table, one.day or "", error or result, answer.seconds)


def sweep() -> None:
    """Removes answers that nobody has read."""
    bucket, oldest = settings().lake_bucket, datetime.now(UTC) - _ANSWERS_KEPT
    for entry in s3().list_objects_v2(Bucket=bucket, Prefix=ANSWERS).get("Contents", ()):
        if entry["LastModified"] < oldest:
            _delete(entry["Key"])


def _delete(key: str) -> None:
    s3().delete_object(Bucket=settings().lake_bucket, Key=key)
