# ruff: noqa: PLC0415 - jobs are imported by the tasks that run them: reading a DAG file must cost nothing
"""Runs a day again when sales reach the inbox after the day was published, and days that the schedule has missed.

Looks every ten minutes at the last 35 days' files; each day whose files are others than its last run saw starts
`vendas_diarias` with that day. The same files start one run only. It also exports the shop's last two days once more:
an order that was committed after midnight is in the new file. A closed day between the first that ran and yesterday
that never ran, because `vendas_diarias` was paused or the machine was off, is started once.

**When it is red**

- `exportar_de_novo`: the shop's database doesn't answer, or has lost a day that it had; the log says which.
- `procurar`: the object store doesn't answer (`acude status`).

A day that runs again and fails is red in `vendas_diarias`, not here.
"""

from datetime import UTC, datetime
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import dag

from acude.orchestration.dag_defaults import START, deadline, defaults, every
from acude.orchestration.steps import step


@step()
def exportar_de_novo() -> list[str]:
    """Exports the shop's last two closed days again; names the files that changed."""
    from acude.orchestration import late_files

    return late_files.export_again(datetime.now(UTC).date())


@step(trigger_rule="all_done")
def procurar() -> list[dict[str, Any]]:
    """The days whose files changed since they ran, and those that were missed."""
    from acude.orchestration import late_files

    return late_files.runs_to_start(datetime.now(UTC).date())


@dag(
    schedule=every("*/10 * * * *"),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    max_active_tasks=1,
    default_args=defaults("vendas"),
    deadline=deadline(minutes=10),
    tags={"vendas", "inbox"},
    doc_md=__doc__,
)
def novos_arquivos() -> None:
    """Export, look, and a run per day."""
    days = procurar()
    exportar_de_novo() >> days
    TriggerDagRunOperator.partial(
        task_id="rodar_dia", trigger_dag_id="vendas_diarias", skip_when_already_exists=True
    ).expand_kwargs(days)


novos_arquivos()
