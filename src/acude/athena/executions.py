"""Queries as Athena keeps them: their states, their bounded pool, their memory."""

import logging
import threading
import time
import uuid
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from acude.athena.errors import QueryError
from acude.athena.runner import Runner, Work

_LOG = logging.getLogger(__name__)
_FINAL = {"SUCCEEDED", "FAILED", "CANCELLED"}
KEPT = 1000
"""How many executions are remembered."""


class TooManyQueriesError(Exception):
    """The queue is full."""


class TokenReusedError(Exception):
    """A ClientRequestToken came again with another request."""


@dataclass(frozen=True)
class Request:
    """What a client asked to be run. ``output`` ends with a slash."""

    sql: str
    database: str | None
    output: str
    workgroup: str
    parameters: tuple[str, ...] = ()


@dataclass
class Execution:
    """One query: what was asked, where it stands, what came out."""

    request: Request
    work: Work
    state: str = "QUEUED"
    submitted: datetime = field(default_factory=lambda: datetime.now(UTC))
    completed: datetime | None = None
    error: QueryError | None = None
    queued_s: float = 0.0
    run_s: float = 0.0
    stop_reason: str | None = None

    @property
    def id(self) -> str:
        """QueryExecutionId."""
        return self.work.query_id


class Executions:
    """Runs queries in a bounded pool and remembers them.

    Args:
        runner: Runs one statement.
        workers: Queries that run at once.
        waiting: Queries that may wait.
    """

    def __init__(self, runner: Runner, *, workers: int = 3, waiting: int = 200) -> None:
        self._runner = runner
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="athena")
        self._most = workers + waiting
        self._all: OrderedDict[str, Execution] = OrderedDict()
        self._tokens: dict[str, str] = {}
        self._lock = threading.RLock()

    def start(self, request: Request, sql: str, token: str | None) -> Execution:
        """Queues a query. The same token with the same request gives the same execution.

        Args:
            request: What was asked.
            sql: Its single statement.
            token: ClientRequestToken.

        Raises:
            TokenReusedError: The token belongs to another request.
            TooManyQueriesError: The queue is full.
        """
        with self._lock:
            known = self._all.get(self._tokens.get(token or "", ""))
            if known is not None:
                if known.request != request:
                    raise TokenReusedError
                return known
            if sum(each.state not in _FINAL for each in self._all.values()) >= self._most:
                raise TooManyQueriesError
            query_id = str(uuid.uuid4())
            work = Work(sql, request.database, request.workgroup, request.parameters, request.output, query_id)
            execution = self._all[query_id] = Execution(request, work)
            work.stopped = lambda: execution.stop_reason is not None
            if token:
                self._tokens[token] = query_id
            self._forget()
        self._pool.submit(self._run, execution)
        return execution

    def _forget(self) -> None:
        done = [each.id for each in self._all.values() if each.state in _FINAL]
        for query_id in done[: max(0, len(self._all) - KEPT)]:
            del self._all[query_id]
        self._tokens = {token: key for token, key in self._tokens.items() if key in self._all}

    def get(self, query_id: str) -> Execution | None:
        """One execution."""
        with self._lock:
            return self._all.get(query_id)

    def ids(self, workgroup: str) -> list[str]:
        """Ids of a workgroup's executions, newest first."""
        with self._lock:
            return [each.id for each in reversed(self._all.values()) if each.request.workgroup == workgroup]

    def stop(self, execution: Execution, reason: str = "Query cancelled by user") -> None:
        """Stops a query; one that has ended stays as it is. One that runs ends within about a second."""
        with self._lock:
            if execution.state not in _FINAL:
                execution.stop_reason = execution.stop_reason or reason
            if execution.state == "QUEUED":
                self._end(execution, "CANCELLED")

    def _end(self, execution: Execution, state: str, error: QueryError | None = None) -> None:
        with self._lock:
            execution.state, execution.error = state, error
            execution.completed = datetime.now(UTC)

    def _run(self, execution: Execution) -> None:
        with self._lock:
            if execution.state in _FINAL:
                return
            execution.state = "RUNNING"
        began = time.monotonic()
        execution.queued_s = (datetime.now(UTC) - execution.submitted).total_seconds()
        error: QueryError | None = None
        try:
            self._runner.run(execution.work)
        except QueryError as refused:
            error = refused
        except (Boto3Error, BotoCoreError, ClientError) as refused:
            message = f"S3 or Glue did not do its part: {refused}"
            error = QueryError("GENERIC_INTERNAL_ERROR", message, user=False)
        except Exception:  # noqa: BLE001 - one query must not take a worker away
            _LOG.exception("query %s", execution.id)
            message = "The local endpoint failed on this query; its log says where"
            error = QueryError("INTERNAL_ERROR", message, user=False)
        execution.run_s = time.monotonic() - began
        if error and execution.stop_reason is not None:
            self._end(execution, "CANCELLED")
        else:
            self._end(execution, "FAILED" if error else "SUCCEEDED", error)

    def close(self) -> None:
        """Stops what runs and waits for it."""
        for query_id in list(self._all):
            self.stop(self._all[query_id], "The server is stopping")
        self._pool.shutdown(wait=True)
