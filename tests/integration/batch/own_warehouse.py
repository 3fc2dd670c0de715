"""A warehouse of a test's own: a schema on the real PostgreSQL, and rows to load into it."""

import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg2
import pyarrow as pa
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import make_dsn
from pydantic import SecretStr

from acude.settings import Settings, settings
from acude.warehouse import schema
from acude.warehouse.connection import connect
from acude.warehouse.copying import ArrowRows
from acude.warehouse.loader import LoadResult, replace_period
from acude.warehouse.rows import Digest
from acude.warehouse.target import targets

DAY = date(2011, 1, 4)
ARROW = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


@dataclass
class Warehouse:
    """A schema of its own, seen through a client of its own."""

    config: Settings
    eyes: Connection

    def ask(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self.eyes.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []

    def load(self, table: str, period: str, *rows: tuple[object, ...], money: str | None = None) -> LoadResult:
        with closing(connect(self.config)) as connection:
            ready = brought(table, rows, money)
            return replace_period(connection, "postgres", targets()[table], period, ready, run_id="teste")


def brought(table: str, rows: tuple[tuple[object, ...], ...], money: str | None = None) -> ArrowRows:
    """The rows as they are read from the lake; the sum of `receita` is counted here unless given."""
    contract = targets()[table].contract
    types = [pa.decimal128(*c.decimal) if c.decimal else ARROW[c.type] for c in contract.columns]
    fields = pa.schema([pa.field(c.name, t) for c, t in zip(contract.columns, types, strict=True)])
    found = pa.Table.from_pylist([dict(zip(contract.column_names, row, strict=True)) for row in rows], schema=fields)
    total = None
    if "receita" in contract.column_names:
        total = Decimal(money) if money else sum(found["receita"].to_pylist(), Decimal(0))
    digest = Digest(len(rows), total, f"{len(rows):064x}")
    return ArrowRows([found], version=7, summed=lambda: digest)


@contextmanager
def own_warehouse() -> Iterator[Warehouse]:
    """A schema with the warehouse's tables, dropped afterwards."""
    name = f"teste_{uuid.uuid4().hex[:12]}"
    server = settings().warehouse_dsn.get_secret_value()
    own = make_dsn(server, options=f"-c search_path={name}")
    config = settings().model_copy(update={"warehouse_dsn": SecretStr(own), "warehouse_kind": "postgres"})
    with closing(psycopg2.connect(own)) as eyes:
        eyes.autocommit = True
        eyes.cursor().execute(f"CREATE SCHEMA {name}")
        try:
            schema.ensure(config)
            yield Warehouse(config, eyes)
        finally:
            eyes.cursor().execute(f"DROP SCHEMA {name} CASCADE")


def sale(order: str, product: str, pieces: int, price: str, day: date = DAY) -> tuple[object, ...]:
    exact = Decimal(price).quantize(Decimal("0.0001"))
    return (order, product, pieces, exact, day, "GBP", pieces * exact, "venda" if pieces > 0 else "devolucao")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
