# ruff: noqa: PLC0415 - jobs are imported by the tasks that run them: reading a DAG file must cost nothing
"""Audits a published day of every table, and compares the day's money in every place that holds it.

`vendas_diarias` audits rows before it publishes them. This DAG checks every morning what *is* published: the rows
are still those that were audited, the streams' silver tables keep their contracts, and the producer's ledger, silver,
gold, the warehouse and Athena agree to the cent.

The suites are in `expectations/` and in the contracts. Their results, with the rows that broke a rule, are in the
[Data Docs](/data-docs/index.html).

A day that was never published is skipped: the run of `vendas_diarias` is red then, or there was none, and
`novos_arquivos` starts it.

**When it is red**

- `auditar`: the log's first `ERROR` names the table, the rule, how many rows break it, and shows one.
- `conciliar`: it names day, currency and what each place has. Run `vendas_diarias` for that day; if one place still
  differs, `acude reconcile --from D --to D` shows all of them.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import dag

from acude.orchestration.dag_defaults import START, day_form, deadline, defaults, every
from acude.orchestration.runs import this_run
from acude.orchestration.steps import step

UNDER_WAY = timedelta(minutes=2)
"""How long a difference may last that comes from batches under way."""


@step()
def auditar() -> dict[str, Any]:
    """Every table's suite on the day's published rows."""
    from acude.orchestration import checks
    from jobs.batch import audit_published

    day, run_id = this_run()
    checks.require_published(day)
    return audit_published.audit_all(day, run_id)


@step()
def conciliar() -> str:
    """The day's money and the events' sets, in every place."""
    from acude.orchestration import checks

    day, _ = this_run()
    checks.require_published(day)
    return checks.reconciled(day, day, events=True, wait=UNDER_WAY)


@dag(
    schedule=every("0 4 * * *"),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    max_active_tasks=1,
    params=day_form(),
    default_args=defaults("dados"),
    deadline=deadline(minutes=60),
    tags={"qualidade", "diario"},
    doc_md=__doc__,
)
def qualidade() -> None:
    """Two tasks that don't need each other."""
    auditar()
    conciliar()


qualidade()
