"""Creates the warehouse's tables, and refuses tables that differ from their contracts."""

import logging

from acude.contracts.redshift import column_type, identifier, statements, warehouse_contracts
from acude.settings import Settings, settings
from acude.warehouse.connection import Session, connect, transaction
from acude.warehouse.errors import SchemaDriftError
from acude.warehouse.statements import COLUMNS_THERE

log = logging.getLogger(__name__)


def _columns_there(session: Session) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for table, column in session.rows(COLUMNS_THERE):
        found.setdefault(table, []).append(column)
    return found


def _create_missing(session: Session, there: dict[str, list[str]]) -> list[str]:
    missing = [contract for contract in warehouse_contracts() if contract.name not in there]
    if missing and session.kind == "postgres":
        # CREATE TABLE IF NOT EXISTS fails where two sessions do it at once.
        session.lock("schema")
    for contract in missing:
        for statement in statements(contract, session.kind):
            session.run(statement)
        log.info("created warehouse table %s", contract.name)
    return [contract.name for contract in missing]


def _refuse_drift(there: dict[str, list[str]]) -> None:
    """Columns are never changed by the loader; where one statement would do it, the error holds it.

    Order counts too: Redshift's COPY fills columns by their place.
    """
    for contract in warehouse_contracts():
        found = there.get(contract.name, contract.column_names)
        if found == contract.column_names:
            continue
        table = identifier(contract.name)
        new = contract.columns[len(found) :]
        if found == contract.column_names[: len(found)]:
            change = "; ".join(f"ALTER TABLE {table} ADD COLUMN {identifier(c.name)} {column_type(c)}" for c in new)
            remedy = f"Run `{change}` there, load its days again, and repeat this."
        else:
            remedy = f"Rename the old table (ALTER TABLE {table} RENAME TO …), repeat this, and load its days again."
        raise SchemaDriftError(
            f"The warehouse's table {contract.name} has the columns {', '.join(found)}; "
            f"its contract says {', '.join(contract.column_names)}.",
            remedy,
        )


def missing(config: Settings) -> list[str]:
    """Names of the tables that `ensure` would create.

    Raises:
        UnreachableError: the warehouse doesn't answer.
    """
    connection = connect(config)
    try:
        with transaction(connection, config.warehouse_kind) as session:
            there = _columns_there(session)
    finally:
        connection.close()
    return [contract.name for contract in warehouse_contracts() if contract.name not in there]


def ensure(config: Settings | None = None) -> list[str]:
    """Creates the tables that are missing; safe to repeat and to run twice at once.

    Returns:
        Names of the tables that were created.

    Raises:
        SchemaDriftError: a table lacks a column of its contract.
        UnreachableError: the warehouse doesn't answer.
    """
    config = config or settings()
    connection = connect(config)
    try:
        with transaction(connection, config.warehouse_kind) as session:
            there = _columns_there(session)
            _refuse_drift(there)
            return _create_missing(session, there)
    finally:
        connection.close()
