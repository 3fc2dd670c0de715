# ruff: noqa: PLC0415 - jobs are imported by the tasks that run them: reading a DAG file must cost nothing
"""Closes the hour: streams alive, nothing late, the marts of shoppers and stock up to date.

1. `manter_fluxos`: dead streams are started again; where they don't start, a bounded run lands what waits.
2. `medir_atraso`: what waits in Kafka or in silver for longer than its contract allows makes this task red.
3. `funil`, `estoque_por_armazem`, `estoque`: the marts that come from events, for the day so far; audited by their
   suites before they are visible, like every mart.
4. `arrumar`: the streams' small files of the day are joined; old log entries and states go.
5. `fechar_hora`: starts `carga_redshift` with the day that changed.

The day is the one on which the hour begins, so 23:00 to 24:00 closes its own day.

**When it is red**

- `manter_fluxos`: the streams don't start. `acude logs streams` says why; what had come until then is landed.
- `medir_atraso`: the log names each reader that is late, by how much, and what its contract allows. Is a stream
  failing again and again, or is there more than it can do?
- a mart: its suite refused the day's rows, the log says which rule and shows a row. What was visible before stands.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import dag, get_current_context

from acude.orchestration.dag_defaults import CLOSED_HOUR, START, day_form, deadline, defaults, every, lake
from acude.orchestration.runs import DAY, this_run
from acude.orchestration.steps import step

HOUR = timedelta(hours=1)


@step()
def manter_fluxos() -> str:
    """Dead streams run again, or at least what waits is landed."""
    from acude.orchestration import streams

    return streams.keep_alive()


@step(trigger_rule="all_done", retries=0)
def medir_atraso() -> str:
    """Compares every stream's lag with its contract."""
    from acude.orchestration import streams

    return streams.keep_up()


@step()
def arrumar() -> list[dict[str, Any]]:
    """Few files and short logs where the streams write."""
    from acude.orchestration import streams

    return streams.tidy(this_run(HOUR).day)


@step(trigger_rule="all_done", inlets=lake("silver.eventos_clientes"), outlets=lake("gold.funil_conversao"))
def funil() -> dict[str, Any]:
    """Where the day's shoppers dropped out so far."""
    from jobs.batch import funil_conversao

    return funil_conversao.MART.run(*this_run(HOUR))


@step(trigger_rule="all_done", inlets=lake("silver.atualizacoes_estoque"), outlets=lake("gold.estoque_por_armazem"))
def estoque_por_armazem() -> dict[str, Any]:
    """The day's last known stock of each warehouse."""
    from jobs.batch import estoque_por_armazem

    return estoque_por_armazem.MART.run(*this_run(HOUR))


@step(inlets=lake("silver.atualizacoes_estoque"), outlets=lake("gold.estoque"))
def estoque() -> dict[str, Any]:
    """The day's last known stock over all warehouses."""
    from jobs.batch import estoque

    return estoque.MART.run(*this_run(HOUR))


@step(outlets=[CLOSED_HOUR])
def fechar_hora() -> None:
    """Says that the hour's marts are there, and of which day they are."""
    event = get_current_context()["outlet_events"][CLOSED_HOUR]
    event.extra = {DAY: this_run(HOUR).day.isoformat()}


@dag(
    schedule=every("0 * * * *"),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    max_active_tasks=2,
    params=day_form(),
    default_args=defaults("loja"),
    deadline=deadline(minutes=30),
    tags={"fluxos", "horario", "gold"},
    doc_md=__doc__,
)
def atualizacao_horaria() -> None:
    """The streams first; lag and marts beside each other; then the hour is closed."""
    alive, funnel, by_warehouse, stock = manter_fluxos(), funil(), estoque_por_armazem(), estoque()
    alive >> [medir_atraso(), arrumar(), funnel, by_warehouse]
    by_warehouse >> stock
    [funnel, stock] >> fechar_hora()


atualizacao_horaria()
