"""What every DAG has: retries, a deadline that alerts, the day's form, assets by table name."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

# Airflow's own type stub forgets these three.
from airflow.sdk import Asset, AsyncCallback, CronDataIntervalTimetable, DeadlineAlert, DeadlineReference, Param  # type: ignore[attr-defined]

from acude.contracts.model import marts
from acude.orchestration import alerts
from acude.orchestration.runs import DAY
from acude.settings import settings

UTC_ZONE = ZoneInfo("UTC")
START = datetime(2026, 1, 1, tzinfo=UTC_ZONE)
"""Schedules begin here; a backfill may reach back further."""


def every(cron: str) -> CronDataIntervalTimetable:
    """A schedule whose runs have an interval, in UTC: a plain cron string gives intervals of no length."""
    return CronDataIntervalTimetable(cron, timezone="UTC")


def defaults(owner: str, **others: Any) -> dict[str, Any]:  # noqa: ANN401 - Airflow's own arguments
    """Every task's defaults: owner, retries with growing pauses, and an alert once it has failed for good."""
    return {
        "owner": owner,
        "retries": 2,
        "retry_delay": timedelta(seconds=20),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=10),
        "on_failure_callback": alerts.task_failed,
        **others,
    }


def deadline(minutes: int) -> DeadlineAlert:
    """An alert where a run isn't over this many minutes after it was queued."""
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        # Seconds, which Airflow also reads. It stores a timedelta as a dictionary, and then fails (3.3.2) where a run
        # is cleared or repeated by a backfill.
        interval=minutes * 60,
        callback=AsyncCallback(alerts.deadline_missed, kwargs={"minutes": minutes}),
        name=f"{minutes} min",
    )


def day_form() -> dict[str, Param]:
    """The form of a DAG that is about one day."""
    return {
        DAY: Param(
            None,
            type=["null", "string"],
            format="date",
            title="Day",
            description="The UTC day to run, YYYY-MM-DD. Empty: the run's interval, by hand yesterday. "
            "Leave it empty in a backfill.",
        )
    }


def lake(*tables: str) -> list[Asset]:
    """The assets of lake tables, by `layer.name`."""
    return [Asset(name=table, uri=f"s3://{settings().lake_bucket}/{table.replace('.', '/')}") for table in tables]


def mart_assets() -> list[Asset]:
    """The assets of all marts of the batch."""
    return lake(*(mart.full_name for mart in marts()))


def warehouse() -> list[Asset]:
    """The warehouse as one asset: it holds all tables, and a load writes several."""
    return [Asset(name="redshift", uri="x-redshift://acude/public")]


HOURLY = ("silver.eventos_clientes", "gold.funil_conversao", "gold.estoque_por_armazem", "gold.estoque")
"""Tables that an hour brings up to date: the shoppers' events, and the marts that `atualizacao_horaria` makes."""

CLOSED_HOUR = Asset(name="hora_fechada", uri=f"s3://{settings().lake_bucket}/gold")
"""The hour's marts are there. Its events carry the day they are of."""
