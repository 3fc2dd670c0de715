"""What the decisions' database is asked, by the statements that reach its driver."""

import tomllib
from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from packaging.requirements import Requirement
from psycopg import DataError

from acude.payments.store import Store
from acude.settings import PROJECT


def test_a_partition_that_a_failure_took_back_is_made_again() -> None:
    connection, made = MagicMock(), list[str]()

    def execute(statement: Any, *_: object) -> SimpleNamespace:  # noqa: ANN401 - psycopg's own
        made.extend(word for word in [repr(statement)] if "PARTITION OF" in word)
        return SimpleNamespace(fetchone=lambda: None)

    connection.execute = execute
    cursor = connection.cursor().__enter__()
    cursor.executemany.side_effect = [DataError, None, None]
    cursor.results.return_value = [SimpleNamespace(rowcount=0)]
    store = Store.__new__(Store)
    store._pool, store._months = MagicMock(connection=lambda: nullcontext(connection)), set()
    at = datetime(2026, 11, 22, tzinfo=UTC)
    rows = [{"id_transacao": "t-1", "transacao_em": at, "decidida_em": at}]
    with pytest.raises(DataError):
        store.add(rows)
    assert [store.add(rows), store.add(rows), len(made)] == [0, 0, 2]


def test_no_pool_is_allowed_that_can_not_let_its_connections_go() -> None:
    asked = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["dependencies"]
    [pool] = [one for one in map(Requirement, asked) if one.name == "psycopg-pool"]
    # `ConnectionPool.drain` came with 3.3.0.
    assert [one for one in ("3.2.8", "3.3.0") if one in pool.specifier] == ["3.3.0"]
