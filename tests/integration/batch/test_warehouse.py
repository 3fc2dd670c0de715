"""What stands in a real PostgreSQL after loads that repeat, correct and are refused."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from acude.warehouse.errors import LoadError
from tests.integration.batch.own_warehouse import DAY, Warehouse, at, sale

pytestmark = pytest.mark.usefixtures("platform")

NEXT_DAY = date(2011, 1, 5)


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
    texts = ['com "aspas", vírgula', "linha\nnova", "\\N", "", "açaí 🥣", "\\.", "u\x01\t\n", "a\tb\r\nc", "\n\\.\n"]
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
