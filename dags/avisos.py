# ruff: noqa: PLC0415 - jobs are imported by the tasks that run them: reading a DAG file must cost nothing
"""Delivers alerts that the webhook did not take when they were raised.

A task that failed for good and a run that misses its deadline are told to the webhook at once, with several tries. What
it does not take waits in the lake, and is delivered here as soon as the webhook answers.

**When it is red**: the object store doesn't answer (`acude status`). A webhook that is away makes nothing red: the
task's result says how many alerts wait.
"""

from airflow.sdk import dag

from acude.orchestration.dag_defaults import START, deadline, defaults, every
from acude.orchestration.steps import step


@step()
def entregar() -> str:
    """The alerts that wait, delivered."""
    from acude.orchestration import alerts

    return alerts.deliver_waiting()


@dag(
    schedule=every("*/10 * * * *"),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    max_active_tasks=1,
    default_args=defaults("dados"),
    deadline=deadline(minutes=10),
    tags={"avisos"},
    doc_md=__doc__,
)
def avisos() -> None:
    """One task."""
    entregar()


avisos()
