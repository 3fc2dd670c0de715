"""Loads one day of the lake into the warehouse: sales, shopper events, stock, and the daily marts of gold.

Reads silver.vendas, silver.eventos_clientes, gold.estoque and each daily mart, at their latest Delta version.
Replaces the day (of receita_mensal the month) in the warehouse's table of the same name, a transaction per table,
and writes a row to `cargas` for each. The warehouse is Redshift on AWS, PostgreSQL on one machine.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date

from acude.days import require_days
from acude.publishing.submit import submit
from acude.settings import Settings, settings
from acude.warehouse import schema
from acude.warehouse.connection import connect
from acude.warehouse.copying import brought
from acude.warehouse.errors import LoadError, WarehouseError
from acude.warehouse.loader import LoadResult, replace_period
from acude.warehouse.rows import period_rows
from acude.warehouse.target import WarehouseTable, chosen

TOGETHER = 3
"""Tables that are loaded at a time: while one is read, others are copied."""


def load_table(target: WarehouseTable, day: date, *, run_id: str, config: Settings) -> LoadResult:
    """One table's day, or the month that holds it.

    Raises:
        WarehouseError: the lake has no such table, or the load failed; the old rows stand.
    """
    period = target.period(day)
    rows = period_rows(target, period, config)
    with brought(rows, target, period, config) as ready, closing(connect(config)) as connection:
        return replace_period(connection, config.warehouse_kind, target, period, ready, run_id=run_id)


def load_day(
    day: date, *, run_id: str, tables: Sequence[str] | None = None, config: Settings | None = None
) -> list[LoadResult]:
    """Every named table's day (all tables unless named), each in a transaction of its own.

    A table that fails doesn't stop the others. Safe to repeat.

    Args:
        day: the UTC day.
        run_id: Airflow run id or command, for the table of loads.
        tables: names of the warehouse's tables.
        config: the settings; the process's own unless given.

    Returns:
        A result for each table, in the order asked for.

    Raises:
        LoadError: at least one table wasn't loaded; one sentence for each. The others are.
        WarehouseError: it can't be reached, loads no table of that name, or its tables aren't the contracts'.
        DayError: the day has not begun.
    """
    require_days(day)
    config = config or settings()
    wanted = chosen(tables)
    schema.ensure(config)
    with ThreadPoolExecutor(TOGETHER) as pool:
        loads = [pool.submit(load_table, target, day, run_id=run_id, config=config) for target in wanted]
        failures = [problem for load in loads if (problem := load.exception())]
    for problem in failures:
        if not isinstance(problem, WarehouseError):
            raise problem
    if failures:
        raise LoadError(
            f"{len(failures)} of {len(loads)} tables weren't loaded for {day}: " + " ".join(map(str, failures)),
            "The other tables are loaded; repeating the day is safe.",
        )
    return [load.result() for load in loads]


def run(day: date, run_id: str) -> list[LoadResult]:
    """All tables' day, as `load_day`."""
    return load_day(day, run_id=run_id)


if __name__ == "__main__":
    submit("carga_redshift", __doc__, run, driver=False)
