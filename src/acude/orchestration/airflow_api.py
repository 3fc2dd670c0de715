"""What the platform asks of Airflow: trigger a DAG and follow its runs. `backfills` does so for past days."""

import time
from datetime import UTC, datetime
from typing import Any

from airflow_client.client import (
    DAGApi,
    DAGPatchBody,
    DagRunApi,
    DAGRunResponse,
    TaskInstanceApi,
    TaskInstanceResponse,
    TriggerDAGRunPostBody,
)

from acude.orchestration.airflow_session import AirflowError, AirflowSession, UnknownDagError
from acude.settings import Settings

_READ_WITHIN_S = 120.0
_FINAL = frozenset({"success", "failed"})

LOOK_S = 1.0


def is_over(run: DAGRunResponse) -> bool:
    """Whether a run succeeded or failed."""
    return run.state in _FINAL


class AirflowApi(AirflowSession):
    """DAGs and their runs. Every method raises AirflowError where Airflow isn't reached or refuses."""

    def __init__(self, config: Settings | None = None) -> None:
        super().__init__(config)
        self._dags = DAGApi(self.client)
        self._runs = DagRunApi(self.client)
        self._tasks = TaskInstanceApi(self.client)

    def dag_ids(self) -> list[str]:
        """Names of the DAGs that Airflow knows, ascending."""
        return sorted(dag.dag_id for dag in self.ask_all(self._dags.get_dags, lambda page: page.dags))

    def pause(self, dag_id: str, *, paused: bool = True) -> None:
        """Keeps a DAG from running by its schedule, or lets it again; runs that are under way go on."""
        self.require_dag(dag_id)
        self.ask(self._dags.patch_dag, dag_id, DAGPatchBody(is_paused=paused))

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> str:
        """Starts a manual run.

        Args:
            dag_id: the DAG.
            conf: values of its form, `{"dia": "2026-11-01"}`.

        Returns:
            The run's id.
        """
        # A run of a paused DAG would wait for ever.
        self.pause(dag_id, paused=False)
        return self.ask(self._runs.trigger_dag_run, dag_id, TriggerDAGRunPostBody(conf=conf or {})).dag_run_id

    def run(self, dag_id: str, run_id: str) -> DAGRunResponse:
        """A run as it stands."""
        return self.ask(self._runs.get_dag_run, dag_id, run_id)

    def runs(self, dag_id: str, **filters: str | list[str] | datetime) -> list[DAGRunResponse]:
        """Runs of a DAG, oldest first; `filters` are the API's own (`state`, `run_type`, `logical_date_gte`, ...)."""
        return self.ask_all(
            self._runs.get_dag_runs, lambda page: page.dag_runs, dag_id, order_by=["run_after"], **filters
        )

    def wait(self, dag_id: str, run_id: str, timeout_s: float = 600) -> DAGRunResponse:
        """A run once it is over.

        Raises:
            AirflowError: it isn't over in time.
        """
        until = time.monotonic() + timeout_s
        while not is_over(run := self.run(dag_id, run_id)):
            if time.monotonic() > until:
                raise AirflowError(
                    f"{dag_id} run {run_id} is {run.state.value} and should have ended within {timeout_s:.0f} s.",
                    f"Look at its tasks in Airflow: {self.config.airflow_url}/dags/{dag_id}/runs/{run_id}",
                )
            time.sleep(LOOK_S)
        return run

    def tasks(self, dag_id: str, run_id: str) -> list[TaskInstanceResponse]:
        """The tasks of a run, in the order in which they started."""
        tasks = self.ask_all(self._tasks.get_task_instances, lambda page: page.task_instances, dag_id, run_id)
        return sorted(tasks, key=lambda task: task.start_date or datetime.max.replace(tzinfo=UTC))

    def require_dag(self, dag_id: str) -> None:
        """Returns once Airflow knows the DAG.

        Raises:
            UnknownDagError: it doesn't; the error names the DAGs that it knows.
        """
        until = time.monotonic() + (_READ_WITHIN_S if (self.config.project / "dags" / f"{dag_id}.py").exists() else 0)
        known = self.dag_ids()
        while dag_id not in known and time.monotonic() < until:
            # A new platform's Airflow reads dags/ within its first seconds.
            time.sleep(LOOK_S)
            known = self.dag_ids()
        if dag_id not in known:
            found = f"Airflow knows no DAG {dag_id!r}."
            if not known:
                raise AirflowError(found, "Wait until it has read dags/, then ask again.")
            raise UnknownDagError(found, f"Choose from: {', '.join(known)}.")
