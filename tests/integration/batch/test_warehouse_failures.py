"""Loads that collide, die or meet another schema: the real PostgreSQL keeps what stood before."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal

import pytest
from pydantic import SecretStr

from acude.settings import settings
from acude.warehouse import schema
from acude.warehouse.connection import connect
from acude.warehouse.errors import LoadError, SchemaDriftError, UnreachableError
from acude.warehouse.loader import LoadResult
from tests.integration.batch.own_warehouse import Warehouse, at, sale

pytestmark = pytest.mark.usefixtures("platform")


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
        # Holds the loader between its INSERT into vendas and the record of the load.
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
