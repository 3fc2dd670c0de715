# ruff: noqa: PLC0415 - jobs are imported by the tasks that run them: reading a DAG file must cost nothing
"""Keeps the end of the audit log where the database's administrators can't write, once the hour's rows are verified.

**When it is red**: the task's log says which row does not follow from the one before it, or is not the one that was
anchored. Somebody has changed the audit log, or the database was restored: `acude audit verify` says what differs.
Where S3 or the database did not answer, the next hour anchors these rows, too.
"""

from typing import Any

from airflow.sdk import dag

from acude.orchestration.dag_defaults import START, deadline, defaults, every
from acude.orchestration.steps import step


@step()
def ancorar() -> dict[str, Any]:
    """Verifies the rows since the last anchor, and anchors the chain's end."""
    from acude.payments import audit_anchors
    from acude.settings import settings

    return audit_anchors.anchor_now(settings())


@dag(
    schedule=every("30 * * * *"),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    max_active_tasks=1,
    default_args=defaults("dados"),
    deadline=deadline(minutes=30),
    tags={"auditoria", "horario"},
    doc_md=__doc__,
)
def auditoria() -> None:
    """One task."""
    ancorar()


auditoria()
