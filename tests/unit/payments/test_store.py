"""What the decisions' database is asked, by the statements that reach its driver."""

from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from psycopg import DataError

from acude.payments.store import Store


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
