"""The loader against a real PostgreSQL: what stands after loads that repeat, correct, collide and die."""

import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg2
import pyarrow as pa
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import make_dsn
from pydantic import SecretStr

from acude.settings import Settings, settings
from acude.warehouse import schema
from acude.warehouse.connection import connect
from acude.warehouse.copying import ArrowRows
from acude.warehouse.errors import LoadError, SchemaDriftError, UnreachableError
from acude.warehouse.loader import LoadResult, replace_period
from acude.warehouse.rows import Digest
from acude.warehouse.target import targets

pytestmark = pytest.mark.usefixtures("platform")

DAY = date(2011, 1, 4)
NEXT_DAY = date(2011, 1, 5)
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
    return ArrowRows([found], version=7, digest=Digest(len(rows), total, f"{len(rows):064x}"))


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
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


def test_a_day_loaded_twice_stands_once_with_two_audit_rows(warehouse: Warehouse) -> None:
    rows = (sale("536365", "85123A", 6, "2.55"), sale("536366", "22633", 6, "1.85"))

    first = warehouse.load("vendas", "2011-01-04", *rows)
    second = warehouse.load("vendas", "2011-01-04", *rows)

    assert warehouse.ask("SELECT count(*), sum(receita) FROM vendas") == [(2, Decimal("26.4000"))]
    audits = warehouse.ask(
        "SELECT tabela, data, linhas, soma_receita, hash_conteudo, versao_delta, execucao FROM cargas"
    )
    assert audits == [("vendas", "2011-01-04", 2, Decimal("26.4000"), first.content_hash, 7, "teste")] * 2
    assert second.content_hash == first.content_hash


def test_a_corrected_day_drops_the_lines_that_are_gone(warehouse: Warehouse) -> None:
    warehouse.load("vendas", "2011-01-04", sale("536365", "85123A", 6, "2.55"), sale("536366", "22633", 6, "1.85"))
    warehouse.load("vendas", "2011-01-05", sale("536400", "84029G", 1, "3.39", NEXT_DAY))

    warehouse.load("vendas", "2011-01-04", sale("536365", "85123A", 5, "2.55"))

    assert warehouse.ask("SELECT id_pedido, quantidade, data FROM vendas ORDER BY data") == [
        ("536365", 5, DAY),
        ("536400", 1, NEXT_DAY),
    ]


def test_two_lines_of_the_same_order_and_product_are_both_kept(warehouse: Warehouse) -> None:
    warehouse.load("vendas", "2011-01-04", sale("536365", "85123A", 6, "2.55"), sale("536365", "85123A", 6, "2.55"))

    assert warehouse.ask("SELECT count(*), sum(quantidade) FROM vendas") == [(2, 12)]


def test_an_empty_day_empties_the_day(warehouse: Warehouse) -> None:
    warehouse.load("vendas", "2011-01-04", sale("536365", "85123A", 6, "2.55"))

    result = warehouse.load("vendas", "2011-01-04")

    assert warehouse.ask("SELECT count(*) FROM vendas") == [(0,)]
    assert (result.rows, result.money) == (0, Decimal(0))


def test_amounts_arrive_to_the_last_of_four_decimals(warehouse: Warehouse) -> None:
    rows = [sale(f"p{i}", "x", 1, "0.1001") for i in range(1000)] + [sale("big", "x", 1, "99999999999999.9999")]

    warehouse.load("vendas", "2011-01-04", *rows)

    assert warehouse.ask("SELECT sum(receita) FROM vendas") == [(Decimal("100000000000100.0999"),)]


def test_text_and_nulls_arrive_as_they_were(warehouse: Warehouse) -> None:
    texts = ['com "aspas", vírgula', "linha\nnova", "\\N", "", "açaí 🥣", "\\."]
    rows = [(text, "busca", None, at("2011-01-04T23:59:59.999999"), DAY) for text in texts]

    warehouse.load("eventos_clientes", "2011-01-04", *rows)

    found = warehouse.ask('SELECT id_usuario, id_produto, "timestamp" FROM eventos_clientes')
    assert sorted(found, key=str) == sorted(
        [(text, None, datetime(2011, 1, 4, 23, 59, 59, 999999)) for text in texts],  # noqa: DTZ001 (the column has no zone)
        key=str,
    )


def test_a_month_is_replaced_without_touching_its_neighbours(warehouse: Warehouse) -> None:
    warehouse.load("receita_mensal", "2010-12", ("2010-12", 1, 1, Decimal("10.0000"), "GBP"))
    warehouse.load("receita_mensal", "2011-01", ("2011-01", 1, 1, Decimal("20.0000"), "GBP"))

    warehouse.load("receita_mensal", "2011-01", ("2011-01", 2, 3, Decimal("30.0000"), "GBP"))

    assert warehouse.ask("SELECT mes, receita FROM receita_mensal ORDER BY mes") == [
        ("2010-12", Decimal("10.0000")),
        ("2011-01", Decimal("30.0000")),
    ]


def test_stock_never_goes_back_in_time(warehouse: Warehouse) -> None:
    warehouse.load("estoque", "2011-01-05", ("p1", 3, at("2011-01-05T10:00")), ("p2", 8, at("2011-01-05T10:00")))

    warehouse.load("estoque", "2011-01-04", ("p1", 9, at("2011-01-04T10:00")), ("p3", 1, at("2011-01-04T10:00")))
    warehouse.load("estoque", "2011-01-06", ("p2", 5, at("2011-01-06T10:00")))

    assert warehouse.ask("SELECT id_produto, nivel_estoque FROM estoque ORDER BY 1") == [
        ("p1", 3),
        ("p2", 5),
        ("p3", 1),
    ]


def test_rows_that_got_lost_on_the_way_are_not_published(warehouse: Warehouse) -> None:
    warehouse.load("vendas", "2011-01-04", sale("old", "x", 1, "1.00"))

    with pytest.raises(LoadError, match=r"1 rows with receita 2\.5600 were read .* but 1 rows with receita 2\.5500"):
        warehouse.load("vendas", "2011-01-04", sale("536365", "85123A", 1, "2.55"), money="2.5600")

    assert warehouse.ask("SELECT id_pedido FROM vendas") == [("old",)]
    assert warehouse.ask("SELECT count(*) FROM cargas") == [(1,)]


def test_a_mart_with_a_repeated_key_is_not_published(warehouse: Warehouse) -> None:
    row = (DAY, 1, "85123A", 6, Decimal("15.3000"), "GBP")

    with pytest.raises(LoadError, match=r"1 keys \(data, posicao\) come more than once in gold.mais_vendidos"):
        warehouse.load("mais_vendidos", "2011-01-04", row, row)

    assert warehouse.ask("SELECT count(*) FROM mais_vendidos") == [(0,)]


def test_two_loads_of_the_same_day_at_once_leave_it_once(warehouse: Warehouse) -> None:
    rows = [sale(f"p{i}", "x", 1, "0.01") for i in range(2000)]

    with ThreadPoolExecutor(4) as pool:
        loads = [pool.submit(warehouse.load, "vendas", "2011-01-04", *rows) for _ in range(4)]
        assert {load.result().rows for load in loads} == {2000}

    assert warehouse.ask("SELECT count(*), sum(receita) FROM vendas") == [(2000, Decimal("20.0000"))]
    assert warehouse.ask("SELECT count(*) FROM cargas") == [(4,)]


def test_two_days_of_stock_at_once_leave_the_newest(warehouse: Warehouse) -> None:
    def day_of(number: int) -> LoadResult:
        rows = [(f"p{i}", number, at(f"2011-01-{number:02}T12:00")) for i in range(500)]
        return warehouse.load("estoque", f"2011-01-{number:02}", *rows)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(day_of, (3, 9, 5, 7)))

    assert warehouse.ask("SELECT DISTINCT nivel_estoque FROM estoque") == [(9,)]


def test_a_load_whose_backend_dies_before_its_audit_leaves_the_old_day(warehouse: Warehouse) -> None:
    warehouse.load("vendas", "2011-01-04", sale("old", "x", 1, "1.00"))
    failed: list[LoadError] = []

    def load_and_fail() -> None:
        with pytest.raises(LoadError) as problem:
            warehouse.load("vendas", "2011-01-04", sale("new", "x", 1, "2.00"))
        failed.append(problem.value)

    with closing(connect(warehouse.config)) as blocker:
        # Holds the loader between its INSERT into vendas and its audit row.
        blocker.cursor().execute("LOCK TABLE cargas IN ACCESS EXCLUSIVE MODE")
        loader = threading.Thread(target=load_and_fail)
        loader.start()
        waiting = (
            "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO cargas%%'"
        )
        while not (found := warehouse.ask(waiting)):
            assert loader.is_alive()
            time.sleep(0.05)
        warehouse.ask("SELECT pg_terminate_backend(%s)", found[0][0])
        loader.join()

    assert "the old rows stand" in str(failed[0])
    assert warehouse.ask("SELECT id_pedido FROM vendas") == [("old",)]
    assert warehouse.ask("SELECT count(*) FROM cargas") == [(1,)]


def test_a_load_after_a_failed_one_goes_through(warehouse: Warehouse) -> None:
    with pytest.raises(LoadError, match="value too long"):
        warehouse.load("vendas", "2011-01-04", sale("x" * 300, "x", 1, "2.00"))

    assert warehouse.load("vendas", "2011-01-04", sale("ok", "x", 1, "2.00")).rows == 1


def test_missing_tables_are_created_once_by_whoever_comes_first(warehouse: Warehouse) -> None:
    warehouse.ask("DROP TABLE mais_vendidos, vendas")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(schema.ensure, [warehouse.config] * 4))

    assert warehouse.ask("SELECT (SELECT count(*) FROM vendas), (SELECT count(*) FROM mais_vendidos)") == [(0, 0)]
    assert schema.ensure(warehouse.config) == []


def test_a_table_that_lacks_a_new_column_is_named_with_its_remedy(warehouse: Warehouse) -> None:
    warehouse.ask("ALTER TABLE vendas DROP COLUMN tipo")

    with pytest.raises(SchemaDriftError, match=r"ALTER TABLE vendas ADD COLUMN tipo VARCHAR\(256\)"):
        schema.ensure(warehouse.config)


def test_002s_columns_come_first_in_the_warehouse(warehouse: Warehouse) -> None:
    columns = (
        "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = %s"
    )

    def first(table: str, count: int) -> list[str]:
        return [name for (name,) in warehouse.ask(f"{columns} ORDER BY ordinal_position", table)][:count]

    assert first("vendas", 5) == ["id_pedido", "id_produto", "quantidade", "preco", "data"]
    assert first("eventos_clientes", 4) == ["id_usuario", "tipo_evento", "id_produto", "timestamp"]
    assert first("estoque", 3) == ["id_produto", "nivel_estoque", "ultima_atualizacao"]


def test_a_dead_database_is_a_sentence() -> None:
    config = settings().model_copy(
        update={"warehouse_dsn": SecretStr("host=127.0.0.1 port=18749 dbname=warehouse user=acude password=secreta")}
    )

    with pytest.raises(
        UnreachableError, match=r"The warehouse at 127\.0\.0\.1:18749/warehouse gave no connection"
    ) as problem:
        connect(config)

    assert "acude status" in str(problem.value)
    assert "secreta" not in str(problem.value)
