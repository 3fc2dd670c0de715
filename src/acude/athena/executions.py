"""Queries as Athena keeps them: their states, their bounded pool, their results."""

import logging
import threading
import time
import uuid
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from botocore.exceptions import BotoCoreError, ClientError

from acude.athena.engine import Engine
from acude.athena.errors import QueryError
from acude.athena.results import column_info
from acude.athena.runner import Answer, Runner, scanned_bytes
from acude.athena.spool import Spool, write_results
from acude.athena.writes import Target

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_LOG = logging.getLogger(__name__)
_FINAL = {"SUCCEEDED", "FAILED", "CANCELLED"}
_BETWEEN_INTERRUPTS_S = 0.1
KEPT = 1000
"""How many executions are remembered; their spooled rows go with the oldest."""


class TooManyQueriesError(Exception):
    """The queue is full."""


class TokenReusedError(Exception):
    """A ClientRequestToken came again with another request."""


@dataclass(frozen=True)
class Request:
    """What a client asked to be run."""

    sql: str
    database: str | None
    catalog: str
    output: str
    workgroup: str
    parameters: tuple[str, ...] = ()


@dataclass
class Execution:
    """One query: what was asked, where it stands, what came out."""

    request: Request
    final_sql: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: str = "QUEUED"
    submitted: datetime = field(default_factory=lambda: datetime.now(UTC))
    completed: datetime | None = None
    error: QueryError | None = None
    kind: str = "DML"
    sub: str = ""
    spool: Spool | None = None
    files: list[str] = field(default_factory=list)
    scanned: int = 0
    queued_s: float = 0.0
    run_s: float = 0.0
    cursor: duckdb.DuckDBPyConnection | None = None
    stop_reason: str | None = None

    @property
    def target(self) -> Target:
        """Where its files go."""
        return Target(self.id, self.request.output.rstrip("/") + "/")

    @property
    def output(self) -> str:
        """The address of its result file."""
        if self.sub == "UNLOAD":
            return self.target.prefix + self.id
        if self.sub == "CREATE_TABLE_AS_SELECT":
            return f"{self.target.prefix}tables/{self.id}"
        return f"{self.target.prefix}{self.id}.{'csv' if self.kind == 'DML' else 'txt'}"

    @property
    def manifest(self) -> str:
        """The address of the list of files that CTAS or UNLOAD wrote."""
        prefix = "tables/" if self.sub == "CREATE_TABLE_AS_SELECT" else ""
        return f"{self.target.prefix}{prefix}{self.id}-manifest.csv"


class Executions:
    """Runs queries in a bounded pool and remembers them.

    Args:
        runner: Runs one statement.
        engine: Gives each query its connection.
        s3: Receives the result files.
        folder: Where rows are spooled for GetQueryResults.
        workers: Queries that run at once.
        waiting: Queries that may wait.
        timeout_s: Seconds after which a query is stopped.
    """

    def __init__(
        self,
        runner: Runner,
        engine: Engine,
        s3: "S3Client",
        folder: Path,
        *,
        workers: int = 4,
        waiting: int = 200,
        timeout_s: float = 1800,
    ) -> None:
        self._runner, self._engine, self._s3, self._folder = runner, engine, s3, folder
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="athena")
        self._most, self._timeout_s = workers + waiting, timeout_s
        self._all: OrderedDict[str, Execution] = OrderedDict()
        self._tokens: dict[str, str] = {}
        self._lock = threading.RLock()

    def start(self, request: Request, final_sql: str, token: str | None) -> Execution:
        """Queues a query. The same token with the same request gives the same execution.

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
            execution = Execution(request, final_sql)
            self._all[execution.id] = execution
            if token:
                self._tokens[token] = execution.id
            self._forget()
        self._pool.submit(self._run, execution)
        return execution

    def _forget(self) -> None:
        done = [each for each in self._all.values() if each.state in _FINAL]
        for execution in done[: max(0, len(self._all) - KEPT)]:
            del self._all[execution.id]
            if execution.spool:
                execution.spool.remove()
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
        """Stops a query; one that has ended stays as it is."""
        with self._lock:
            if execution.state in _FINAL:
                return
            execution.stop_reason = execution.stop_reason or reason
            if execution.state == "QUEUED":
                self._end(execution, "CANCELLED")
            if execution.cursor is not None:
                threading.Thread(target=self._interrupt, args=(execution,), daemon=True).start()

    def _interrupt(self, execution: Execution) -> None:
        """Interrupts until the query has ended: an interrupt between two statements is lost."""
        while True:
            with self._lock:
                if execution.cursor is None:
                    return
                execution.cursor.interrupt()
            time.sleep(_BETWEEN_INTERRUPTS_S)

    def _end(self, execution: Execution, state: str, error: QueryError | None = None) -> None:
        with self._lock:
            execution.state, execution.error = state, error
            execution.completed = datetime.now(UTC)
            execution.cursor = None

    def _run(self, execution: Execution) -> None:
        with self._lock:
            if execution.state in _FINAL:
                return
            execution.state = "RUNNING"
            execution.cursor = cursor = self._engine.cursor()
        began = time.monotonic()
        execution.queued_s = (datetime.now(UTC) - execution.submitted).total_seconds()
        watch = threading.Timer(self._timeout_s, self.stop, (execution, "Query timeout"))
        watch.daemon = True
        watch.start()
        error: QueryError | None = None
        try:
            self._answer(execution, cursor)
        except QueryError as refused:
            error = refused
        except (BotoCoreError, ClientError) as refused:
            error = QueryError("GENERIC_INTERNAL_ERROR", f"S3 or Glue did not take the query's results: {refused}")
        except Exception:  # noqa: BLE001
            _LOG.exception("query %s", execution.id)
            error = QueryError("INTERNAL_ERROR", "The local endpoint failed on this query; its log says where")
        finally:
            watch.cancel()
            execution.run_s = time.monotonic() - began
        self._conclude(execution, error)
        cursor.close()

    def _conclude(self, execution: Execution, error: QueryError | None) -> None:
        with self._lock:
            if execution.stop_reason == "Query timeout":
                self._end(execution, "FAILED", QueryError("EXCEEDED_TIME_LIMIT", "Query timeout"))
            elif execution.stop_reason is not None:
                self._end(execution, "CANCELLED")
            else:
                self._end(execution, "FAILED" if error else "SUCCEEDED", error)

    def _answer(self, execution: Execution, cursor: duckdb.DuckDBPyConnection) -> None:
        request = execution.request
        answer: Answer = self._runner.run(execution.final_sql, request.database, cursor, execution.target)
        execution.kind, execution.sub, execution.files = answer.kind, answer.sub, answer.files
        columns = [column_info(name, out) for name, out in zip(answer.names, answer.outputs, strict=True)]
        spool = Spool(self._folder / execution.id, columns, header=answer.header)
        execution.spool = spool
        spool.fill(answer.rows)
        execution.scanned = scanned_bytes(cursor)
        if execution.stop_reason is None:
            write_results(self._s3, execution.output, execution.manifest, spool, answer)

    def close(self) -> None:
        """Stops what runs and waits for it."""
        for query_id in list(self._all):
            self.stop(self._all[query_id], "The server is stopping")
        self._pool.shutdown(wait=True)
