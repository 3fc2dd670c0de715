"""Alerts: an error in the log, an object in the lake, and a message to the webhook.

An alert is `_controle/alertas/<day>/<time>-<dag>-<kind>.json` in the lake's bucket. Until the webhook has taken it a
copy lies in `_controle/alertas_pendentes/`, from where the DAG `avisos` delivers it again. The log line comes first, so
that an alert about a dead object store isn't lost with it.
"""

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict

from acude.masking import masked

log = logging.getLogger("acude.alerts")

FOLDER = "_controle/alertas/"
WAITING = "_controle/alertas_pendentes/"

MEANWHILE = timedelta(minutes=5)
"""The process that sent an alert may be trying to deliver it for this long; nobody else does."""


class Alert(BaseModel):
    """Something that a person should look at.

    `kind` is `falhou` (a task failed for good) or `atrasou` (a run missed its deadline); `raised_at` is UTC. An
    exception may quote a row, so `text` is without anybody's number.
    """

    model_config = ConfigDict(frozen=True)

    kind: str
    dag_id: str
    run_id: str
    task_id: str | None = None
    text: Annotated[str, AfterValidator(masked)]
    link: str
    raised_at: datetime

    @property
    def name(self) -> str:
        """Sorted by time."""
        return f"{self.raised_at:%Y-%m-%d/%H%M%S%f}-{self.dag_id}-{self.kind}.json"

    @property
    def key(self) -> str:
        """Where it lies in the lake's bucket."""
        return f"{FOLDER}{self.name}"

    @property
    def waiting_key(self) -> str:
        """Where its copy lies until it is delivered."""
        return f"{WAITING}{self.name}"

    @property
    def data(self) -> bytes:
        """As the webhook gets it: in Alertmanager's form, so that all alerts of the platform have one."""
        names = {"alertname": self.kind, "dag": self.dag_id, "run": self.run_id, "task": self.task_id}
        alert = {
            "status": "firing",
            "labels": {name: value for name, value in names.items() if value},
            "annotations": {"summary": self.text},
            "startsAt": self.raised_at,
            "generatorURL": self.link,
        }
        return orjson.dumps({"status": "firing", "alerts": [alert]}, option=orjson.OPT_UTC_Z)


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
    """Writes an alert to the log and to the lake, and delivers it; what doesn't answer is noted in the log."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - too heavy for the reading of a DAG

    from acude.lake import run_records  # noqa: PLC0415
    from acude.settings import settings  # noqa: PLC0415

    link = f"{settings().airflow_url}/dags/{dag_id}/runs/{run_id}" + (f"/tasks/{task_id}" if task_id else "")
    alert = Alert(
        kind=kind, dag_id=dag_id, run_id=run_id, task_id=task_id, text=text, link=link, raised_at=datetime.now(UTC)
    )
    log.error("%s. %s", alert.text.rstrip("."), link)
    try:
        run_records.put(alert.key, alert)
        if settings().webhook_url:
            run_records.put(alert.waiting_key, alert)
    except (BotoCoreError, ClientError) as problem:
        log.error("The alert above could not be kept in the lake: %s", problem)  # noqa: TRY400 - a sentence is enough
    _deliver(alert)
    return alert


def deliver_waiting() -> str:
    """Delivers the alerts that the webhook has not taken yet; those that it doesn't take now wait on.

    Returns:
        How many were delivered, and how many wait.
    """
    from acude.aws import objects  # noqa: PLC0415 - too heavy for the reading of a DAG
    from acude.lake import run_records  # noqa: PLC0415
    from acude.settings import settings  # noqa: PLC0415

    limit = run_records.now() - MEANWHILE
    keys = [one["Key"] for one in objects(settings().lake_bucket, WAITING) if one["LastModified"] < limit]
    found = [alert for key in keys if (alert := run_records.get(Alert, key))]
    done = 0
    for alert in found:
        if not _deliver(alert):
            break
        done += 1
    return f"{done} alerts delivered, {len(found) - done} wait for the webhook"


def _deliver(alert: Alert) -> bool:
    """Delivers an alert, with several tries; whether it no longer waits. Twice, it has the same `webhook-id`."""
    import threading  # noqa: PLC0415 - with the others

    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    from pybreaker import CircuitBreakerError  # noqa: PLC0415

    from acude.aws import delete  # noqa: PLC0415
    from acude.payments.webhook import OPERATION, Message, RefusedError, SilentError, Webhook  # noqa: PLC0415
    from acude.settings import settings  # noqa: PLC0415

    if not settings().webhook_url:
        return True
    webhook = Webhook(settings())
    try:
        webhook.deliver(Message(OPERATION, alert.data), threading.Event())
    except RefusedError as problem:
        log.error("The webhook refuses the alert %s for good: %s", alert.key, problem)  # noqa: TRY400 - a sentence
    except (SilentError, CircuitBreakerError) as problem:
        log.error("The alert %s waits for the webhook: %s", alert.key, problem)  # noqa: TRY400 - a sentence
        return False
    finally:
        webhook.close()
    try:
        delete(settings().lake_bucket, [alert.waiting_key])
    except (BotoCoreError, ClientError) as problem:
        log.error("The alert above is delivered, and will be once more: %s", problem)  # noqa: TRY400 - a sentence
    return True
