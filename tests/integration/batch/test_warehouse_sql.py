"""What a load really executes, recorded on the real PostgreSQL, is what Redshift takes."""

from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from psycopg2.extensions import cursor

from acude.contracts.column import Column
from acude.warehouse import statements
from acude.warehouse.connection import connect
from acude.warehouse.loader import replace_period
from acude.warehouse.target import targets
from tests.integration.batch.own_warehouse import DAY, Warehouse, brought
from tests.redshift_sql import assert_redshift_takes

pytestmark = pytest.mark.usefixtures("platform")

VALUES = {
    "string": "x",
    "int": 1,
    "bigint": 1,
    "double": 1.0,
    "boolean": True,
    "date": DAY,
    "timestamp": datetime(2011, 1, 4, 12, tzinfo=UTC),
}


def value(column: Column) -> object:
    return Decimal("1.00") if column.decimal else VALUES[column.type]


@pytest.mark.parametrize("table", list(targets()))
def test_every_statement_of_a_real_load_is_one_that_redshift_takes(warehouse: Warehouse, table: str) -> None:
    sent: list[str] = []

    class Recording(cursor):
        def execute(self, query: Any, values: Any = None) -> None:  # noqa: ANN401 - psycopg2's own
            sent.append(query)
            super().execute(query, values)

    target = targets()[table]
    row = tuple(value(column) for column in target.contract.columns)
    with closing(connect(warehouse.config)) as connection:
        connection.cursor_factory = Recording
        loaded = replace_period(connection, "postgres", target, target.period(DAY), brought(table, (row,)), run_id="r")

    assert loaded.rows == 1
    assert sent.pop(0) == statements.LOCK_POSTGRES, "Redshift's lock and COPY differ: test_loader_on_redshift has them"
    assert len(sent) >= 6
    for statement in sent:
        assert_redshift_takes(statement)
