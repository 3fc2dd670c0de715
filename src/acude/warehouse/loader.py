"""Replaces one period of one table in one transaction: stage, copy, compare, publish, record, commit."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 (a class that psycopg2 writes small)

from acude.contracts.model import table
from acude.warehouse import statements
from acude.warehouse.connection import Kind, Session, transaction
from acude.warehouse.copying import Brought
from acude.warehouse.errors import LoadError
from acude.warehouse.rows import Digest
from acude.warehouse.target import LOADS, WarehouseTable

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LoadResult:
    """One load, as in its row of the table of loads.

    Attributes:
        table: the warehouse's table.
        period: day (2026-11-22) or month (2026-11).
        rows: rows loaded; for a merged table, rows compared.
        money: exact sum of `receita`, None where the table has none.
        content_hash: `acude.lake.content`'s hash over the rows.
        version: the Delta version that was read.
        run_id: Airflow run id or command that loaded.
        loaded_at: when it was recorded, UTC.
    """

    table: str
    period: str
    rows: int
    money: Decimal | None
    content_hash: str
    version: int
    run_id: str
    loaded_at: datetime


def _staged(session: Session, target: WarehouseTable) -> tuple[int, Decimal | None]:
    found = session.one(statements.measure(target))
    return found[0], (found[1] or Decimal(0)) if target.has_money else None


def _refuse_difference(session: Session, target: WarehouseTable, period: str, read: Digest) -> None:
    """Refuses rows that differ from those read from the lake, and repeated keys."""
    rows, money = _staged(session, target)
    if (rows, money) != (read.rows, read.money):
        raise LoadError(
            f"{target.name} {period}: {read.rows} rows with receita {read.money} were read from "
            f"{target.source.full_name}, but {rows} rows with receita {money} arrived in the warehouse; "
            "the old rows stand.",
            "Load the day again; if it stays so, compare the column types of contract and warehouse.",
        )
    repeated = session.one(statements.repeated_keys(target))[0] if target.contract.keys else 0
    if repeated:
        raise LoadError(
            f"{target.name} {period}: {repeated} keys ({', '.join(target.contract.keys)}) come more than once in "
            f"{target.source.full_name}; the old rows stand.",
            "Look for the day in that table and run its job again.",
        )


def _publish(session: Session, target: WarehouseTable, period: str) -> None:
    for statement in statements.publish(target):
        session.run(statement, *([period] if "%s" in statement else []))


def _record_load(session: Session, target: WarehouseTable, period: str, ready: Brought, run_id: str) -> LoadResult:
    read = ready.digest
    result = LoadResult(
        table=target.name,
        period=period,
        rows=read.rows,
        money=read.money,
        content_hash=read.content_hash,
        version=ready.version,
        run_id=run_id,
        loaded_at=datetime.now(UTC),
    )
    # The column has no zone: an aware time would be turned into the server's.
    at = result.loaded_at.replace(tzinfo=None)
    values = (target.name, period, read.rows, read.money, read.content_hash, ready.version, run_id, at)
    session.run(statements.record_load(table(f"redshift.{LOADS}")), *values)
    return result


def _load(session: Session, target: WarehouseTable, period: str, ready: Brought, run_id: str) -> LoadResult:
    # Two days of a merged table touch the same rows.
    session.lock(target.name if target.merges else f"{target.name}/{period}")
    session.run(statements.stage(target))
    ready.copy(session, target)
    _refuse_difference(session, target, period, ready.digest)
    _publish(session, target, period)
    session.run(statements.unstage(target))
    return _record_load(session, target, period, ready, run_id)


def replace_period(
    connection: Connection, kind: Kind, target: WarehouseTable, period: str, ready: Brought, *, run_id: str
) -> LoadResult:
    """Makes the rows the table's rows of that period, in one transaction that also records the load.

    Loading the same rows again changes nothing but records another load. Two loads of the same period wait for each
    other. A merged table (`estoque`) keeps rows that are newer than those brought.

    Args:
        connection: an open connection to the warehouse; stays open.
        kind: which database it is.
        target: the table.
        period: the value of the source's partition column.
        ready: the period's rows.
        run_id: Airflow run id or command, for the record.

    Raises:
        LoadError: the rows that arrived differ from those read, or the database refused; the old rows stand.
    """
    try:
        with transaction(connection, kind) as session:
            result = _load(session, target, period, ready, run_id)
    except psycopg2.Error as problem:
        raise LoadError(
            f"{target.name} {period}: the warehouse ended the load: {str(problem).strip() or type(problem).__name__}; "
            "the old rows stand.",
            "Load the day again; the table of loads, cargas, shows the last load that went through.",
        ) from problem
    log.info("loaded %s %s: %d rows, receita %s", target.name, period, result.rows, result.money)
    return result
