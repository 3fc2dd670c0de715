# ruff: noqa: PLC0415 - jobs are imported by the tasks that run them: reading a DAG file must cost nothing
"""Keeps the lake small, and the databases safe.

The small files of the closed day are joined, and files that no table needs any more expire. `copia` makes a backup of
the databases (`acude backup create`), and removes all but the newest (`ACUDE_BACKUP_KEPT`). It is skipped where no
server or no key for backups is set.

The batch's tables have one file per day, so only files of replaced days expire. The streams' driver maintains the
streams' tables: it takes requests and serves them beside its queries. Rows change in one way only: those older than
their contract's retention are deleted. What runs that died left in staging goes, and refused rows once they are old.

**When it is red**: `fluxos` names the request that failed or wasn't answered; do the streams run (`acude status`)?
A night without maintenance loses nothing; the next one does more. `copia`: PostgreSQL or S3 doesn't answer, or its
programs are of an older version than the server (`ACUDE_BACKUP_PROGRAMS`); nothing of that backup stays, older ones do.
"""

from typing import Any

from airflow.sdk import dag

from acude.orchestration.dag_defaults import START, day_form, deadline, defaults, every
from acude.orchestration.runs import this_run
from acude.orchestration.steps import step


@step()
def lote() -> dict[str, Any]:
    """Maintenance of the batch's tables, and of what its runs left beside them."""
    from jobs.batch import maintenance

    return maintenance.run()


@step()
def fluxos() -> list[dict[str, Any]]:
    """Maintenance of the streams' tables, by their own driver."""
    from acude.orchestration import streams

    return streams.maintain(this_run().day)


@step()
def copia() -> dict[str, Any]:
    """A backup of the databases; old ones go."""
    from acude.orchestration import backups

    return backups.back_up()


@dag(
    schedule=every("0 2 * * *"),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    max_active_tasks=1,
    params=day_form(),
    default_args=defaults("dados"),
    deadline=deadline(minutes=90),
    tags={"manutencao", "diario"},
    doc_md=__doc__,
)
def manutencao() -> None:
    """One writer after the other; a backup, whatever became of them."""
    lote() >> fluxos()
    copia()


manutencao()
