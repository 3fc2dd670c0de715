# ruff: noqa: PLC0415 - jobs are imported by the tasks that run them: reading a DAG file must cost nothing
"""The day's sales: from the shop's database and the inbox to gold, the warehouse and Athena.

1. `exportar`: the shop's own sales of the day into the inbox, as Parquet.
2. `refinar`: all files of the day to `silver.vendas`; lines that can't be sales to `silver.quarentena_arquivos`.
3. `preparar`: the day's marts, into staging.
4. `auditar`: each mart's suite audits exactly those rows.
5. `publicar`: the audited rows become visible, each table in one commit.
6. `carregar`: the day into the warehouse, a transaction per table.
7. `conciliar`: the day's money agrees to the cent in inbox, silver, gold, warehouse and Athena.

It runs at midnight UTC for the day that has ended. By hand it runs the day given in the form, or yesterday. A backfill
of the days D to E writes those days only; any day may run again, also while the streams run. Nothing that was visible
goes away before audited rows take its place. The suites' results are in the [Data Docs](/data-docs/index.html).

**When it is red**, the first `ERROR` in the task's log says what was expected, what was found, and what to do:

- `refinar`: a file can't be read (it names file, line and column), or its lines were refused. Put a corrected file in
  its place; `novos_arquivos` runs the day again by itself, or clear the run.
- `auditar`: a suite refused a mart; yesterday's gold stands. The rejected rows lie under `_rejeitados/` in the lake.
- `carregar`: the warehouse doesn't answer, or isn't as the contracts say. What is loaded stays; clear the task.
- `conciliar`: it names currency, place and both sums. Clear the run from `refinar` on.
"""

from typing import Any

from airflow.sdk import chain, dag

from acude.orchestration.dag_defaults import START, day_form, deadline, defaults, every, lake, mart_assets
from acude.orchestration.runs import this_run
from acude.orchestration.steps import step


@step()
def exportar() -> dict[str, Any]:
    """The shop's own sales of the day, as a Parquet file into the inbox."""
    from jobs.batch import exportar_vendas

    return exportar_vendas.run(this_run().day)


@step(inlets=[], outlets=lake("silver.vendas", "silver.quarentena_arquivos"))
def refinar() -> dict[str, Any]:
    """The inbox's files of the day to silver.vendas: typed, audited, published."""
    from jobs.batch import vendas

    return vendas.run(*this_run())


@step(inlets=lake("silver.vendas"))
def preparar() -> dict[str, Any]:
    """All marts of the day, computed into staging."""
    from jobs.batch import marts

    return marts.stage_all(*this_run())


@step()
def auditar() -> dict[str, Any]:
    """Each mart's suite audits exactly the rows that were prepared."""
    from jobs.batch import marts

    return marts.audit_all(*this_run())


@step(outlets=mart_assets())
def publicar() -> dict[str, Any]:
    """The audited rows become visible, each table in one commit."""
    from jobs.batch import marts

    return marts.publish_all(*this_run())


@step(inlets=mart_assets())
def carregar() -> list[str]:
    """The day into the warehouse, a transaction per table."""
    from jobs.batch import carga_redshift

    day, run_id = this_run()
    return [str(result) for result in carga_redshift.load_day(day, run_id=run_id)]


@step()
def conciliar() -> str:
    """The day's money, compared to the cent in every place that holds it."""
    from acude.orchestration.checks import reconciled

    day, _ = this_run()
    return reconciled(day, day)


@dag(
    schedule=every("0 0 * * *"),
    start_date=START,
    catchup=False,
    max_active_runs=2,
    max_active_tasks=2,
    params=day_form(),
    default_args=defaults("vendas"),
    deadline=deadline(minutes=45),
    tags={"vendas", "diario", "gold"},
    doc_md=__doc__,
)
def vendas_diarias() -> None:
    """The tasks, one after the other."""
    chain(exportar(), refinar(), preparar(), auditar(), publicar(), carregar(), conciliar())


vendas_diarias()
