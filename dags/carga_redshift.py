# ruff: noqa: PLC0415 - jobs are imported by the tasks that run them: reading a DAG file must cost nothing
"""Loads days of the lake into the warehouse: Redshift on AWS, PostgreSQL on one machine.

`vendas_diarias` loads its own day itself. This DAG loads

- the day of a closed hour, as soon as `atualizacao_horaria` has closed it (the asset `hora_fechada`): events and stock;
- every night at 03:00 UTC yesterday, all tables, so that what came after its day was published is there, too;
- any day by hand or in a backfill, all tables or those chosen in the form.

A table's day is replaced in one transaction, with a row in `cargas`; loading a day again changes nothing.

**When it is red**: the log's first `ERROR` names the table and what is wrong. Tables that failed keep their old rows,
the others are loaded. Where the warehouse's tables aren't the contracts', it says what to change first.
"""

from airflow.sdk import AssetOrTimeSchedule, Param, dag

from acude.orchestration.dag_defaults import CLOSED_HOUR, HOURLY, START, day_form, deadline, defaults, every, warehouse
from acude.orchestration.runs import event_days, this_params, this_run
from acude.orchestration.steps import step


@step(outlets=warehouse())
def carregar() -> list[str]:
    """The run's days, a transaction per table."""
    from jobs.batch import carga_redshift

    day, run_id = this_run()
    days = event_days()
    tables = [name.partition(".")[2] for name in HOURLY] if days else this_params().get("tabelas") or None
    return [
        str(result) for one in days or [day] for result in carga_redshift.load_day(one, run_id=run_id, tables=tables)
    ]


@dag(
    schedule=AssetOrTimeSchedule(timetable=every("0 3 * * *"), assets=CLOSED_HOUR),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    max_active_tasks=1,
    params={
        **day_form(),
        "tabelas": Param(
            None,
            type=["null", "array"],
            items={"type": "string"},
            title="Tables",
            description="Names of the warehouse's tables, one per line. Empty: all.",
        ),
    },
    default_args=defaults("dados"),
    deadline=deadline(minutes=30),
    tags={"redshift", "diario", "horario"},
    doc_md=__doc__,
)
def carga_redshift() -> None:
    """One task: the loader knows the tables."""
    carregar()


carga_redshift()
