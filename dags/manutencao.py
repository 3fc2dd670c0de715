# ruff: noqa: PLC0415 - jobs are imported by the tasks that run them: reading a DAG file must cost nothing
"""Keeps the lake small: joins the small files of the closed day, and lets go what nobody needs any more.

The batch's tables have one file a day, so only what their replaced days left behind goes. The streams' tables are kept
by their own driver, which is asked for it and does it beside its queries. No rows change, save those older than their
contract's retention, which go.

**When it is red**: `fluxos` says which request failed or wasn't answered; are the streams up (`acude status`)?
Nothing is lost by a night without maintenance; the next one does more.
"""

from typing import Any

from airflow.sdk import dag

from acude.orchestration.dag_defaults import START, day_form, deadline, defaults, every
from acude.orchestration.runs import this_run
from acude.orchestration.steps import step


@step()
def lote() -> list[dict[str, Any]]:
    """The batch's tables."""
    from acude.lake import maintenance

    return maintenance.maintain_batch()


@step()
def fluxos() -> list[dict[str, Any]]:
    """The streams' tables, by their own driver."""
    from acude.orchestration import streams

    return streams.maintain(this_run().day)


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
    """One writer after the other."""
    lote() >> fluxos()


manutencao()
