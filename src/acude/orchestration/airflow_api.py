"""A client of Airflow's REST API: trigger a DAG, follow its runs, read its log, run it again for past days."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from datetime import time as clock
from enum import StrEnum
from typing import Any, Self

import httpx
from pydantic import BaseModel, ConfigDict
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from acude.local.errors import PlatformError
from acude.settings import Settings, settings

_READ_WITHIN_S = 120.0
_NOTED_WITHIN_S = 60.0
_LOOK_S = 1.0
_PAGE = 100
_FINAL = frozenset({"success", "failed"})


class AirflowError(PlatformError):
    """Airflow doesn't answer, or refused what it was asked for."""


class Reprocess(StrEnum):
    """Which days of a backfill run again although they ran before."""

    NONE = "none"
    FAILED = "failed"
    COMPLETED = "completed"


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Run(_Answer):
    """A run of a DAG. Times are UTC; `logical_date` is its interval's start, None for most manual runs."""

    dag_id: str
    dag_run_id: str
    state: str
    run_type: str
    logical_date: datetime | None = None
    run_after: datetime
    queued_at: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    conf: dict[str, Any] | None = None

    @property
    def is_over(self) -> bool:
        """Whether it succeeded or failed."""
        return self.state in _FINAL


class Task(_Answer):
    """One task of a run. `state` is None where the scheduler hasn't looked at it yet."""

    task_id: str
    state: str | None
    try_number: int
    scheduled_when: datetime | None = None
    queued_when: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    duration: float | None = None


class Backfill(_Answer):
    """A backfill; `completed_at` is None while it runs."""

    id: int
    dag_id: str
    from_date: datetime
    to_date: datetime
    is_paused: bool
    completed_at: datetime | None = None


class AirflowApi:
    """Airflow's API as the settings' user; a context manager that closes its connections.

    Every method raises AirflowError where Airflow isn't reached or refuses; the error says what to do.
    """

    def __init__(self, config: Settings | None = None) -> None:
        self._config = config or settings()
        self._http = httpx.Client(base_url=self._config.airflow_url, timeout=60)
        self._token = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def dag_ids(self) -> list[str]:
        """Names of the DAGs that Airflow knows, ascending."""
        return sorted(entry["dag_id"] for entry in self._pages("/dags", "dags"))

    def scheduled(self) -> set[str]:
        """Names of the DAGs that run by their schedules: those that aren't paused."""
        return {entry["dag_id"] for entry in self._pages("/dags", "dags") if not entry["is_paused"]}

    def import_errors(self) -> dict[str, str]:
        """DAG files that Airflow can't read, with the reason."""
        return {entry["filename"]: entry["stack_trace"] for entry in self._pages("/importErrors", "import_errors")}

    def pause(self, dag_id: str, *, paused: bool = True) -> None:
        """Keeps a DAG from running by its schedule, or lets it again; runs that are under way go on."""
        self._require_dag(dag_id)
        self._call("PATCH", f"/dags/{dag_id}", json={"is_paused": paused})

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> str:
        """Starts a manual run.

        Args:
            dag_id: the DAG.
            conf: values of its form, `{"dia": "2026-11-01"}`.

        Returns:
            The run's id.
        """
        # A run of a paused DAG would wait for ever, and whoever starts one wants it to run.
        self.pause(dag_id, paused=False)
        answer = self._call("POST", f"/dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": conf or {}})
        return str(answer["dag_run_id"])

    def run(self, dag_id: str, run_id: str) -> Run:
        """A run as it stands."""
        return Run.model_validate(self._call("GET", f"/dags/{dag_id}/dagRuns/{run_id}"))

    def runs(self, dag_id: str, **filters: str | list[str]) -> list[Run]:
        """Runs of a DAG, oldest first; `filters` are the API's own (`state`, `run_type`, `logical_date_gte`, ...)."""
        found = self._pages(f"/dags/{dag_id}/dagRuns", "dag_runs", order_by="run_after", **filters)
        return [Run.model_validate(entry) for entry in found]

    def wait(self, dag_id: str, run_id: str, timeout_s: float = 600) -> Run:
        """A run once it is over.

        Raises:
            AirflowError: it isn't over in time.
        """
        until = time.monotonic() + timeout_s
        while not (run := self.run(dag_id, run_id)).is_over:
            if time.monotonic() > until:
                raise AirflowError(
                    f"{dag_id} run {run_id} is {run.state} and should have ended within {timeout_s:.0f} s.",
                    f"Look at its tasks in Airflow: {self._config.airflow_url}/dags/{dag_id}/runs/{run_id}",
                )
            time.sleep(_LOOK_S)
        return run

    def tasks(self, dag_id: str, run_id: str) -> list[Task]:
        """The tasks of a run, in the order in which they started."""
        found = self._pages(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances", "task_instances")
        tasks = [Task.model_validate(entry) for entry in found]
        return sorted(tasks, key=lambda task: task.start_date or datetime.max.replace(tzinfo=UTC))

    def log(self, dag_id: str, run_id: str, task_id: str, try_number: int = 1) -> str:
        """The messages of a task's attempt, a line each; errors with what they say."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{try_number}"
        answer = self._call("GET", path, params={"full_content": True})
        return "\n".join(_log_line(message) for message in answer["content"])

    def start_backfill(
        self,
        dag_id: str,
        first: date,
        last: date,
        *,
        max_active_runs: int = 2,
        reprocess: Reprocess = Reprocess.COMPLETED,
    ) -> Backfill:
        """Runs a DAG for each interval that begins from `first` to `last`, both included.

        Raises:
            AirflowError: no such DAG, another backfill of it is active, or it has no intervals to run.
        """
        self.pause(dag_id, paused=False)
        self._await_noted_ends(dag_id)
        body = _backfill_body(dag_id, first, last, max_active_runs, reprocess)
        return Backfill.model_validate(self._call("POST", "/backfills", json=body))

    def backfill_dates(self, dag_id: str, first: date, last: date, reprocess: Reprocess) -> list[datetime]:
        """The starts of the intervals that such a backfill would run."""
        self._require_dag(dag_id)
        answer = self._call("POST", "/backfills/dry_run", json=_backfill_body(dag_id, first, last, 1, reprocess))
        return [datetime.fromisoformat(entry["logical_date"]) for entry in answer["backfills"]]

    def backfills(self, dag_id: str) -> list[Backfill]:
        """All backfills of a DAG, oldest first."""
        found = self._pages("/backfills", "backfills", dag_id=dag_id, order_by="id")
        return [Backfill.model_validate(entry) for entry in found]

    def backfill(self, backfill_id: int) -> Backfill:
        """A backfill as it stands."""
        return Backfill.model_validate(self._call("GET", f"/backfills/{backfill_id}"))

    def cancel_backfill(self, backfill_id: int) -> None:
        """Fails the runs that wait; those that run go on."""
        self._call("PUT", f"/backfills/{backfill_id}/cancel")

    def runs_between(self, dag_id: str, first: date, last: date) -> list[Run]:
        """The scheduled and backfilled runs whose intervals begin from `first` to `last`, both included."""
        begin, end = _instants(first, last)
        return self.runs(dag_id, logical_date_gte=begin, logical_date_lte=end, run_type=["backfill", "scheduled"])

    def follow_backfill(
        self, started: Backfill, on_runs: Callable[[list[Run]], None] = lambda _: None, timeout_s: float = 3600
    ) -> list[Run]:
        """Waits until a backfill is over.

        Args:
            started: what `start_backfill` returned.
            on_runs: called with the range's runs at every look.
            timeout_s: how long to wait.

        Returns:
            The runs of the range, also those that the backfill left as they were.

        Raises:
            AirflowError: it isn't over in time.
        """
        until = time.monotonic() + timeout_s
        while True:
            # Airflow notes the end some seconds after the last run's.
            noted = self.backfill(started.id).completed_at is not None
            runs = self.runs_between(started.dag_id, started.from_date.date(), started.to_date.date())
            on_runs(runs)
            if noted or (runs and all(run.is_over for run in runs)):
                return runs
            if time.monotonic() > until:
                raise AirflowError(
                    f"The backfill of {started.dag_id} should have ended within {timeout_s:.0f} s, but runs on.",
                    f"Look at it in Airflow: {self._config.airflow_url}/dags/{started.dag_id}/backfills",
                )
            time.sleep(_LOOK_S)

    def _await_noted_ends(self, dag_id: str) -> None:
        """Airflow notes a backfill's end up to half a minute after its last run's, and refuses others until then."""
        until = time.monotonic() + _NOTED_WITHIN_S
        while any(self._has_unnoted_end(one) for one in self.backfills(dag_id)) and time.monotonic() < until:
            time.sleep(_LOOK_S)

    def _has_unnoted_end(self, one: Backfill) -> bool:
        if one.completed_at is not None:
            return False
        runs = self.runs_between(one.dag_id, one.from_date.date(), one.to_date.date())
        return bool(runs) and all(run.is_over for run in runs)

    def _require_dag(self, dag_id: str) -> None:
        until = time.monotonic() + (_READ_WITHIN_S if (self._config.project / "dags" / f"{dag_id}.py").exists() else 0)
        known = self.dag_ids()
        while dag_id not in known and time.monotonic() < until:
            # A new platform's Airflow reads dags/ within its first seconds.
            time.sleep(_LOOK_S)
            known = self.dag_ids()
        if dag_id not in known:
            raise AirflowError(
                f"Airflow knows no DAG {dag_id!r}.",
                f"Choose from: {', '.join(known)}." if known else "Wait until it has read dags/, then ask again.",
            )

    def _pages(self, path: str, key: str, **filters: str | list[str]) -> Iterator[dict[str, Any]]:
        offset = 0
        while True:
            answer = self._call("GET", path, params={**filters, "limit": _PAGE, "offset": offset})
            yield from answer[key]
            offset += _PAGE
            if offset >= (answer["total_entries"] or 0):
                return

    def _call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - httpx's own
        answer = self._send(method, path, **arguments)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            # A token lasts a day; a restarted API server may refuse it earlier.
            self._token = ""
            answer = self._send(method, path, **arguments)
        if answer.is_error:
            raise _refused(method, path, answer)
        content: dict[str, Any] = answer.json() if answer.content else {}
        return content

    def _send(self, method: str, path: str, **arguments: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        # What was sent may have been done: only questions are repeated after that.
        repeated = httpx.TransportError if method == "GET" else httpx.ConnectError
        attempts = Retrying(
            retry=retry_if_exception_type(repeated),
            stop=stop_after_attempt(4),
            wait=wait_exponential(0.5),
            reraise=True,
        )
        try:
            if not self._token:
                self._token = attempts(self._log_in)
            header = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
            return attempts(self._http.request, method, f"/api/v2{path}", headers=header, **arguments)
        except httpx.TransportError as problem:
            raise AirflowError(
                f"Airflow should answer at {self._config.airflow_url}, but doesn't ({problem}).",
                "Start the platform with `acude up`, or look at `acude status`.",
            ) from problem

    def _log_in(self) -> str:
        login = {
            "username": self._config.airflow_user,
            "password": self._config.airflow_password.get_secret_value(),
        }
        answer = self._http.post("/auth/token", json=login)
        if answer.is_error:
            raise AirflowError(
                f"Airflow at {self._config.airflow_url} refused the login of {self._config.airflow_user} "
                f"({answer.status_code}).",
                "Check ACUDE_AIRFLOW_USER and ACUDE_AIRFLOW_PASSWORD; on one machine `acude up` writes them.",
            )
        return str(answer.json()["access_token"])


def _refused(method: str, path: str, answer: httpx.Response) -> AirflowError:
    detail = _detail(answer)
    if answer.status_code == httpx.codes.CONFLICT and path == "/backfills":
        return AirflowError(
            f"Another backfill of this DAG is active, and Airflow runs one at a time: {detail}.",
            "Wait until it ends, or cancel it on the DAG's page under Backfills.",
        )
    return AirflowError(
        f"Airflow refused {method} {path} ({answer.status_code}): {detail}.", "See `acude logs airflow-api`."
    )


def _detail(answer: httpx.Response) -> str:
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return answer.text[:300]
    if isinstance(detail, list):
        return "; ".join(str(entry.get("msg", entry)) for entry in detail)
    return str(detail).rstrip(".")


def _log_line(message: dict[str, Any] | str) -> str:
    if isinstance(message, str):
        return message
    errors = [f"{error.get('exc_type')}: {error.get('exc_value')}" for error in message.get("error_detail") or ()]
    return " ".join([str(message.get("event", "")), *errors])


def _backfill_body(dag_id: str, first: date, last: date, max_active_runs: int, reprocess: Reprocess) -> dict[str, Any]:
    begin, end = _instants(first, last)
    return {
        "dag_id": dag_id,
        "from_date": begin,
        "to_date": end,
        "max_active_runs": max_active_runs,
        "reprocess_behavior": reprocess.value,
    }


def _instants(first: date, last: date) -> tuple[str, str]:
    """The first and the last instant of a range of UTC days, so that hourly DAGs run all hours of its last day."""
    return (
        datetime.combine(first, clock.min, UTC).isoformat(),
        datetime.combine(last, clock.max.replace(microsecond=0), UTC).isoformat(),
    )
