"""A database without the shop's sales: not opened yet, or not the shop's."""

from datetime import date
from typing import Any

import psycopg2
import pytest
from botocore.exceptions import ClientError

from jobs.batch import exportar_vendas
from jobs.batch.exportar_vendas import ExportError

DAY = date(1999, 5, 17)


class Database:
    """Answers as PostgreSQL does where the view `vendas` is missing."""

    def __init__(self, *, any_table: bool) -> None:
        self._any_table = any_table

    def cursor(self, *_: str) -> "Database":
        return self

    def close(self) -> None: ...
    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_: object) -> None: ...
    def execute(self, statement: str, _: object = None) -> None:
        if "FROM vendas" in statement:
            raise psycopg2.errors.UndefinedTable

    def fetchone(self) -> tuple[Any, ...]:
        return False, self._any_table


class Inbox:
    """Takes nothing, holds nothing."""

    def get_object(self, **_: object) -> None:
        raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")


def test_a_shop_without_any_table_has_sold_nothing_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psycopg2, "connect", lambda _: Database(any_table=False))
    monkeypatch.setattr(exportar_vendas, "s3", Inbox)
    assert exportar_vendas.run(DAY)["rows"] == 0


def test_a_database_with_other_tables_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psycopg2, "connect", lambda _: Database(any_table=True))
    monkeypatch.setattr(exportar_vendas, "s3", Inbox)
    with pytest.raises(ExportError, match=r"has tables, but not `vendas`.*correct ACUDE_SHOP_DSN"):
        exportar_vendas.run(DAY)
