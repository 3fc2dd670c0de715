"""Backfills through Airflow's API: start one and follow it. Airflow runs one at a time per DAG."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from datetime import time as clock

from airflow_client.client import (
    BackfillApi,
    BackfillPostBody,
    BackfillResponse,
    DAGRunResponse,
    ReprocessBehavior,
)

from acude.days import midnight
from acude.orchestration.airflow_api import LOOK_S, AirflowApi, is_over
from acude.orchestration.airflow_session import AirflowError

_NOTED_WITHIN_S = 60.0


class Backfills:
    """The backfills of an Airflow. Every method raises AirflowError where Airflow isn't reached or refuses."""

    def __init__(self, airflow: AirflowApi) -> None:
        self._airflow = airflow
        self._backfills = BackfillApi(airflow.client)

    def start(
        self,
        dag_id: str,
        first: date,
        last: date,
        *,
        max_active_runs: int = 2,
        reprocess: str = ReprocessBehavior.COMPLETED,
    ) -> BackfillResponse:
        """Runs a DAG for each interval that begins from `first` to `last`, both included.

        Args:
            dag_id: the DAG.
            first: first UTC day.
            last: last UTC day.
            max_active_runs: how many runs at a time.
            reprocess: which intervals run again although they ran: `none`, `failed`, or all `completed` ones.

        Raises:
            AirflowError: no such DAG, another backfill of it is active, or it has no intervals to run.
        """
        self._airflow.pause(dag_id, paused=False)
        self._await_noted_ends(dag_id)
        body = _body(dag_id, first, last, max_active_runs, reprocess)
        return self._airflow.ask(self._backfills.create_backfill, body)

    def dates(self, dag_id: str, first: date, last: date, reprocess: str) -> list[datetime]:
        """The starts of the intervals that such a backfill would run."""
        self._airflow.require_dag(dag_id)
        body = _body(dag_id, first, last, 1, reprocess)
        planned = self._airflow.ask(self._backfills.create_backfill_dry_run, body).backfills
        return [one.logical_date for one in planned if one.logical_date]

    def of(self, dag_id: str) -> list[BackfillResponse]:
        """All backfills of a DAG, oldest first."""
        return self._airflow.ask_all(
            self._backfills.list_backfills, lambda page: page.backfills, dag_id, order_by=["id"]
        )

    def runs_between(self, dag_id: str, first: date, last: date) -> list[DAGRunResponse]:
        """The scheduled and backfilled runs whose intervals begin from `first` to `last`, both included."""
        begin, end = _instants(first, last)
        return self._airflow.runs(
            dag_id, logical_date_gte=begin, logical_date_lte=end, run_type=["backfill", "scheduled"]
        )

    def follow(
        self,
        started: BackfillResponse,
        on_runs: Callable[[list[DAGRunResponse]], None] = lambda _: None,
        timeout_s: float = 3600,
    ) -> list[DAGRunResponse]:
        """Waits until a backfill is over.

        Args:
            started: what `start` returned.
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
            noted = self._airflow.ask(self._backfills.get_backfill, started.id).completed_at is not None
            runs = self._runs_of(started)
            on_runs(runs)
            if noted or (runs and all(map(is_over, runs))):
                return runs
            if time.monotonic() > until:
                raise AirflowError(
                    f"The backfill of {started.dag_id} should have ended within {timeout_s:.0f} s, but runs on.",
                    f"Look at it in Airflow: {self._airflow.config.airflow_url}/dags/{started.dag_id}/backfills",
                )
            time.sleep(LOOK_S)

    def _await_noted_ends(self, dag_id: str) -> None:
        """Airflow notes a backfill's end up to half a minute after its last run's, and refuses others until then."""
        until = time.monotonic() + _NOTED_WITHIN_S
        while any(self._has_unnoted_end(one) for one in self.of(dag_id)) and time.monotonic() < until:
            time.sleep(LOOK_S)

    def _has_unnoted_end(self, one: BackfillResponse) -> bool:
        runs = [] if one.completed_at else self._runs_of(one)
        return bool(runs) and all(map(is_over, runs))

    def _runs_of(self, one: BackfillResponse) -> list[DAGRunResponse]:
        return self.runs_between(one.dag_id, one.from_date.date(), one.to_date.date())


def _body(dag_id: str, first: date, last: date, max_active_runs: int, reprocess: str) -> BackfillPostBody:
    begin, end = _instants(first, last)
    return BackfillPostBody(
        dag_id=dag_id,
        from_date=begin,
        to_date=end,
        max_active_runs=max_active_runs,
        reprocess_behavior=ReprocessBehavior(reprocess),
    )


def _instants(first: date, last: date) -> tuple[datetime, datetime]:
    """The first and the last instant of a range of UTC days, so that hourly DAGs run all hours of its last day."""
    return midnight(first), datetime.combine(last, clock.max.replace(microsecond=0), UTC)
