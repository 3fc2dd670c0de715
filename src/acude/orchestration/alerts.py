"""Alerts: an error in the log, and an object in the lake that a mail or pager rule watches.

An alert is `_controle/alertas/<day>/<time>-<dag>-<kind>.json` in the lake's bucket: on AWS a bucket notification hands
it to SNS. The log line comes first, so that an alert about a dead object store isn't lost with it.
"""

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

log = logging.getLogger("acude.alerts")

FOLDER = "_controle/alertas/"


class Alert(BaseModel):
    """Something that a person should look at.

    `kind` is `falhou` (a task failed for good) or `atrasou` (a run missed its deadline); `raised_at` is UTC.
    """

    model_config = ConfigDict(frozen=True)

    kind: str
    dag_id: str
    run_id: str
    task_id: str | None = None
    text: str
    link: str
    raised_at: datetime

    @property
    def key(self) -> str:
        """Where it lies in the lake's bucket; sorted by time."""
        return f"{FOLDER}{self.raised_at:%Y-%m-%d/%H%M%S%f}-{self.dag_id}-{self.kind}.json"


def task_failed(context: Mapping[str, Any]) -> None:
    """Airflow's `on_failure_callback`: a task failed and will not be repeated."""
    task, problem = context["ti"], context.get("exception")
    send(
        "falhou",
        task.dag_id,
        task.run_id,
        f"{task.dag_id}.{task.task_id} failed: {problem}",
        task_id=task.task_id,
    )


async def deadline_missed(context: Mapping[str, Any], minutes: int) -> None:
    """Callback of a DAG's deadline: a run isn't over in time. Airflow's triggerer calls it.

    Args:
        context: `dag_run` as the API says it, and `deadline`.
        minutes: the deadline, counted from the run's queueing.
    """
    run = context["dag_run"]
    if run["run_type"] == "backfill" and run["state"] == "queued":
        # It waits behind the backfill's other days, as it should.
        return
    text = f"{run['dag_id']} run {run['dag_run_id']} should have ended within {minutes} min, but is {run['state']}"
    await asyncio.to_thread(send, "atrasou", run["dag_id"], run["dag_run_id"], text)


def send(kind: str, dag_id: str, run_id: str, text: str, *, task_id: str | None = None) -> Alert:
    """Writes an alert to the log and to the lake; a lake that doesn't answer is noted in the log."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - too heavy for the reading of a DAG

    from acude.lake import run_records  # noqa: PLC0415
    from acude.settings import settings  # noqa: PLC0415

    link = f"{settings().airflow_url}/dags/{dag_id}/runs/{run_id}" + (f"/tasks/{task_id}" if task_id else "")
    alert = Alert(
        kind=kind, dag_id=dag_id, run_id=run_id, task_id=task_id, text=text, link=link, raised_at=datetime.now(UTC)
    )
    log.error("%s. %s", text.rstrip("."), link)
    try:
        run_records.put(alert.key, alert)
    except (BotoCoreError, ClientError) as problem:
        log.error("The alert above could not be kept in the lake: %s", problem)  # noqa: TRY400 - a sentence is enough
    return alert
