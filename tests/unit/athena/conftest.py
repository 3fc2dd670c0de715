"""Answers SQL without a server: translate, run, and show the rows."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from acude.athena.engine import Engine, rows
from acude.athena.errors import Place, QueryError, fail
from acude.athena.nodes import Name
from acude.athena.results import texts
from acude.athena.scope import Plan, Table
from acude.athena.translate import translate
from tests.unit.athena.tables import SALES

Answer = tuple[Plan, list[tuple[Any, ...]]]
Ask = Callable[[str], Answer]
Row = list[str | None]


def no_table(parts: tuple[Name, ...], place: Place) -> Table:
    return fail("TABLE_NOT_FOUND", f"Table '{parts[-1].text}' does not exist", place)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    found = Engine(memory="1GB")
    yield found
    found.close()


@pytest.fixture(scope="session")
def ask(engine: Engine) -> Ask:
    """Translates and runs a query that names no table."""

    def run(sql: str) -> Answer:
        plan = translate(sql, no_table)
        return plan, list(rows(engine.cursor(), plan.sql))

    return run


def shown(ask: Ask, sql: str) -> tuple[str, list[Row]]:
    """The names of the answer's columns and the rows' texts; § stands for the table of sales."""
    plan, found = ask(sql.replace("§", SALES))
    return ", ".join(plan.names), [texts(row, plan.outputs) for row in found]


def error_name(ask: Ask, sql: str) -> str:
    """The name of the error that a query ends with."""
    try:
        _, found = ask(sql)
    except QueryError as error:
        return error.name
    return f"answered {found}"
