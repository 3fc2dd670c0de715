"""Queries as Athena keeps them: their bounded pool, their memory."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from acude.athena.errors import ApiError, QueryError
from acude.athena.execution import Execution

_LOG = logging.getLogger(__name__)
KEPT = 1000
"""How many executions are remembered."""


class Executions:
    """Runs queries in a bounded pool and remembers them.

    Args:
        run: Runs one query, and notes at it what came of it.
        workers: Queries that run at once.
        waiting: Queries that may wait.
    """

    def __init__(self, run: Callable[[Execution], None], *, workers: int = 3, waiting: int = 200) -> None:
        self._work = run
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="athena")
        self._most = workers + waiting
        self._all: dict[str, Execution] = {}
        self._lock = threading.RLock()

    def start(self, execution: Execution) -> Execution:
        """Queues a query. The same ClientRequestToken with the same request gives the same execution.

        Raises:
            ApiError: The token belongs to another request, or the queue is full.
        """
        token = execution.asked.get("ClientRequestToken")
        with self._lock:
            known = [each for each in self._all.values() if token and each.asked.get("ClientRequestToken") == token]
            if known and known[0].asked != execution.asked:
                raise ApiError("Idempotent parameters do not match")
            if known:
                return known[0]
            if sum(not each.ended for each in self._all.values()) >= self._most:
                message = "You have exceeded the limit for the number of queries"
                raise ApiError(message, "TooManyRequestsException")
            self._all[execution.id] = execution
            ended = [each.id for each in self._all.values() if each.ended]
            for query_id in ended[: max(0, len(self._all) - KEPT)]:
                del self._all[query_id]
        self._pool.submit(self._run, execution)
        return execution

    def get(self, query_id: str) -> Execution:
        """One execution.

        Raises:
            ApiError: It is not known.
        """
        found = self._all.get(query_id)
        if found is None:
            raise ApiError(f"QueryExecution {query_id} was not found")
        return found

    def ids(self, workgroup: str) -> list[str]:
        """Ids of a workgroup's executions, newest first."""
        with self._lock:
            return [each.id for each in reversed(self._all.values()) if each.workgroup == workgroup]

    def stop(self, execution: Execution, reason: str = "Query cancelled by user") -> None:
        """Stops a query; one that has ended stays as it is. One that runs ends within about a second."""
        with self._lock:
            if not execution.ended:
                execution.stop_reason = execution.stop_reason or reason
            if execution.state == "QUEUED":
                execution.end("CANCELLED")

    def _run(self, execution: Execution) -> None:
        with self._lock:
            if execution.ended:
                return
            execution.state, execution.started = "RUNNING", datetime.now(UTC)
        error: QueryError | None = None
        try:
            self._work(execution)
        except QueryError as refused:
            error = refused
        except (Boto3Error, BotoCoreError, ClientError) as failed:
            error = _error_of_aws(failed)
        except Exception:  # noqa: BLE001 - one query must not take a worker away
            _LOG.exception("query %s", execution.id)
            message = "The local endpoint failed on this query; its log says where"
            error = QueryError("INTERNAL_ERROR", message, user=False)
        with self._lock:
            if error and execution.stop_reason is not None:
                execution.end("CANCELLED")
            else:
                execution.end("FAILED" if error else "SUCCEEDED", error)

    def close(self) -> None:
        """Stops what runs and waits for it."""
        for execution in list(self._all.values()):
            self.stop(execution, "The server is stopping")
        self._pool.shutdown(wait=True)


def _error_of_aws(failed: Exception) -> QueryError:
    answer = failed.response["Error"] if isinstance(failed, ClientError) else {}
    if answer.get("Code") == "EntityNotFoundException":
        what = "SCHEMA" if answer["Message"].startswith("Database") else "TABLE"
        return QueryError(f"{what}_NOT_FOUND", answer["Message"])
    return QueryError("GENERIC_INTERNAL_ERROR", f"S3 or Glue did not do its part: {failed}", user=False)
