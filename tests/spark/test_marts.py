"""Each mart's one function: a few rows in, the promised rows out."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from acude.contracts.model import Layer, table, tables
from acude.contracts.spark import schema
from acude.lake.data_files import ContractViolation
from acude.publishing import staging
from acude.stock.latest import latest_stock_per_warehouse
from jobs.batch import marts
from jobs.batch.estoque import stock_per_product
from jobs.batch.estoque_por_armazem import stock_of_day
from jobs.batch.funil_conversao import conversion_funnel
from jobs.batch.mais_vendidos import best_sellers
from jobs.batch.receita_mensal import days_frame, revenue_per_month
from jobs.batch.vendas_por_categoria import sales_per_category
from jobs.batch.vendas_por_regiao import sales_per_region
from tests.spark.conftest import DAY, Rows, assert_columns, tuples


def noon(day: int, hour: int = 12) -> datetime:
    return datetime(2011, 1, day, hour, tzinfo=UTC)


def naive(day: int, hour: int = 12) -> datetime:
    """As Spark hands timestamps out: in the session's zone, which is UTC."""
    return noon(day, hour).replace(tzinfo=None)


def test_an_invoice_counts_once_and_a_return_counts_as_none(sales: Rows) -> None:
    rows = sales_per_region(
        sales({"linha": 2}, {"linha": 3, "quantidade": 2}, {"id_pedido": "C9", "tipo": "devolucao", "quantidade": -1})
    )
    assert_columns(rows, "gold.vendas_por_regiao")
    assert tuples(rows) == [(DAY, "France", 1, 2, Decimal("5.1000"), "GBP")]


def test_a_region_with_returns_only_has_no_orders_and_negative_revenue(sales: Rows) -> None:
    rows = sales_per_region(sales({"id_pedido": "C9", "tipo": "devolucao", "quantidade": -3}))
    assert tuples(rows) == [(DAY, "France", 0, -3, Decimal("-7.6500"), "GBP")]


def test_currencies_are_never_added_up(sales: Rows) -> None:
    rows = sales_per_region(sales({}, {"moeda": "BRL"}))
    assert tuples(rows, "regiao", "receita", "moeda") == [
        ("France", Decimal("2.5500"), "BRL"),
        ("France", Decimal("2.5500"), "GBP"),
    ]


@pytest.mark.parametrize("mart", [sales_per_region, sales_per_category, best_sellers])
def test_revenue_is_exact_where_a_float_would_not_be(sales: Rows, mart: Callable[[DataFrame], DataFrame]) -> None:
    most = Decimal("99999999999999.9999")
    rows = mart(sales({"preco": most, "linha": 2}, {"preco": most, "linha": 3}))
    assert tuples(rows, "receita") == [(2 * most,)]


@pytest.mark.parametrize(("column", "found"), [("receita", "double"), ("moeda", "missing")])
def test_a_mart_whose_columns_are_not_its_contracts_is_not_staged(sales: Rows, column: str, found: str) -> None:
    rows = sales_per_region(sales({}))
    rows = rows.withColumn(column, rows[column].cast("double")) if found == "double" else rows.drop(column)
    with pytest.raises(ContractViolation, match=f"column {column} is {found}, but its contract says"):
        staging.stage(rows, table("gold.vendas_por_regiao"), DAY, "r1")


def test_a_month_is_exact_where_a_float_would_not_be(spark: SparkSession) -> None:
    most = Decimal("99999999999999.9999")
    days = [(date(2011, 1, day), "France", 1, 1, most, "GBP") for day in (4, 5)]
    rows = revenue_per_month(spark.createDataFrame(days, schema(table("gold.vendas_por_regiao"))))
    assert tuples(rows, "receita") == [(2 * most,)]


def test_three_decimals_of_a_price_are_kept_until_after_the_sum(sales: Rows) -> None:
    rows = sales_per_category(sales(*({"preco": Decimal("0.0010"), "linha": line} for line in range(4))))
    assert_columns(rows, "gold.vendas_por_categoria")
    assert tuples(rows, "receita") == [(Decimal("0.0040"),)]


def test_a_month_is_the_sum_of_its_days_by_currency(spark: SparkSession) -> None:
    days = [
        (date(2011, 1, 4), "France", 2, 10, Decimal("1.1000"), "GBP"),
        (date(2011, 1, 4), "Spain", 1, 5, Decimal("2.2000"), "GBP"),
        (date(2011, 1, 31), "France", 1, -2, Decimal("-0.3000"), "GBP"),
        (date(2011, 1, 31), "SP", 1, 1, Decimal("9.0000"), "BRL"),
        (date(2011, 2, 1), "France", 7, 7, Decimal("7.0000"), "GBP"),
    ]
    rows = revenue_per_month(spark.createDataFrame(days, schema(table("gold.vendas_por_regiao"))))
    assert_columns(rows, "gold.receita_mensal")
    assert tuples(rows) == [
        ("2011-01", 1, 1, Decimal("9.0000"), "BRL"),
        ("2011-01", 4, 13, Decimal("3.0000"), "GBP"),
        ("2011-02", 7, 7, Decimal("7.0000"), "GBP"),
    ]


def test_no_day_of_a_month_is_lost_behind_empty_chunks(spark: SparkSession) -> None:
    one = spark.createDataFrame(
        [(DAY, "France", 2, 10, Decimal("1.1000"), "GBP")], schema(table("gold.vendas_por_regiao"))
    ).toArrow()
    none = one.slice(0, 0)
    assert days_frame(spark, pa.concat_tables([none, none, one])).count() == 1


def test_best_sellers_go_by_net_pieces_then_revenue_then_product(sales: Rows) -> None:
    rows = best_sellers(
        sales(
            {"id_produto": "b", "quantidade": 5},
            {"id_produto": "a", "quantidade": 5},
            {"id_produto": "rich", "quantidade": 5, "preco": Decimal(9)},
            {"id_produto": "returned", "quantidade": 50},
            {"id_produto": "returned", "quantidade": -48, "id_pedido": "C1", "tipo": "devolucao"},
            {"id_produto": "top", "quantidade": 6, "preco": Decimal("0.0100")},
        )
    )
    assert_columns(rows, "gold.mais_vendidos")
    assert [row["id_produto"] for row in rows.orderBy("posicao").collect()] == ["top", "rich", "a", "b", "returned"]


def test_best_sellers_keep_a_hundred(sales: Rows) -> None:
    rows = best_sellers(sales(*({"id_produto": f"p{n:03}", "quantidade": 1} for n in range(130)))).collect()
    assert sorted(row["posicao"] for row in rows) == list(range(1, 101))
    assert max(row["id_produto"] for row in rows) == "p099"


def events(spark: SparkSession, *pairs: tuple[str, str]) -> DataFrame:
    return spark.createDataFrame(list(pairs), "id_usuario string, tipo_evento string")


def test_a_step_counts_only_those_who_did_all_steps_before_it(spark: SparkSession) -> None:
    funnel = conversion_funnel(
        events(
            spark,
            ("u1", "visualizacao"),
            ("u1", "visualizacao"),
            ("u1", "clique"),
            ("u1", "carrinho"),
            ("u1", "compra"),
            ("u2", "visualizacao"),
            ("u2", "clique"),
            ("u3", "visualizacao"),
            ("u3", "compra"),
            ("u4", "compra"),
            ("u5", "login"),
        ),
        DAY,
    )
    assert_columns(funnel, "gold.funil_conversao")
    assert {row["etapa"]: (row["usuarios"], row["taxa"]) for row in funnel.collect()} == {
        "visualizacao": (3, Decimal("1.000000")),
        "clique": (2, Decimal("0.666667")),
        "carrinho": (1, Decimal("0.333333")),
        "compra": (1, Decimal("0.333333")),
    }


def test_users_whom_the_warehouse_writes_alike_are_two_shoppers(spark: SparkSession) -> None:
    funnel = conversion_funnel(events(spark, ("u\x00x", "visualizacao"), ("u\ufffdx", "visualizacao")), DAY)
    assert {row["etapa"]: row["usuarios"] for row in funnel.collect()}["visualizacao"] == 2


def test_a_day_without_events_has_four_steps_of_zero_and_no_rate(spark: SparkSession) -> None:
    assert tuples(conversion_funnel(events(spark), DAY)) == [
        (DAY, "carrinho", 0, None),
        (DAY, "clique", 0, None),
        (DAY, "compra", 0, None),
        (DAY, "visualizacao", 0, None),
    ]


def before(spark: SparkSession, *rows: tuple[Any, ...]) -> DataFrame:
    return spark.createDataFrame(list(rows), schema(table("gold.estoque_por_armazem")))


def updates(spark: SparkSession, *rows: tuple[Any, ...]) -> DataFrame:
    columns = (
        "data date, id_armazem string, id_produto string, nivel_estoque int, timestamp timestamp, deslocamento bigint"
    )
    return spark.createDataFrame([(row[3].date(), *row) for row in rows], columns)


def test_the_latest_update_of_each_warehouse_counts(spark: SparkSession) -> None:
    rows = stock_of_day(
        before(spark, (date(2011, 1, 3), "sp", "p1", 9, noon(3)), (date(2011, 1, 3), "rj", "p1", 4, noon(3))),
        updates(spark, ("sp", "p1", 7, noon(4, 8), 1), ("sp", "p1", 5, noon(4, 9), 2)),
        DAY,
    )
    assert_columns(rows, "gold.estoque_por_armazem")
    assert tuples(rows) == [(DAY, "rj", "p1", 4, naive(3)), (DAY, "sp", "p1", 5, naive(4, 9))]


def test_a_late_update_never_sets_the_stock_back(spark: SparkSession) -> None:
    rows = stock_of_day(
        before(spark, (date(2011, 1, 3), "sp", "p1", 9, noon(3))),
        updates(spark, ("sp", "p1", 100, noon(2), 99)),
        DAY,
    )
    assert tuples(rows, "nivel_estoque", "ultima_atualizacao") == [(9, naive(3))]


def test_of_two_updates_at_one_time_the_later_arrival_counts(spark: SparkSession) -> None:
    rows = stock_of_day(
        before(spark),
        updates(spark, ("sp", "p1", 1, noon(4), 7), ("sp", "p1", 2, noon(4), 8)),
        DAY,
    )
    assert tuples(rows, "nivel_estoque") == [(2,)]


def test_of_two_updates_that_nothing_else_tells_apart_the_lower_level_counts(spark: SparkSession) -> None:
    twice = updates(spark, ("sp", "p1", 3, noon(4), 7), ("sp", "p1", 2, noon(4), 7))
    assert tuples(latest_stock_per_warehouse(twice)) == [("sp", "p1", 2, naive(4))]


def test_the_newest_reorder_point_that_was_given_stays(spark: SparkSession) -> None:
    rows = spark.createDataFrame(
        [("sp", "p1", 9, 5, noon(4, 8), 1), ("sp", "p1", 8, 4, noon(4, 9), 2), ("sp", "p1", 7, None, noon(4, 10), 3)],
        "id_armazem string, id_produto string, nivel_estoque int, ponto_reposicao int, timestamp timestamp, "
        "deslocamento bigint",
    )
    assert tuples(latest_stock_per_warehouse(rows, "ponto_reposicao")) == [("sp", "p1", 7, 4, naive(4, 10))]


def test_updates_after_the_day_are_not_seen(spark: SparkSession) -> None:
    rows = stock_of_day(before(spark), updates(spark, ("sp", "p1", 1, noon(5), 7)), DAY)
    assert tuples(rows) == []


def test_a_products_stock_is_the_sum_of_its_warehouses(spark: SparkSession) -> None:
    rows = stock_per_product(
        before(spark, (DAY, "sp", "p1", 5, noon(4)), (DAY, "rj", "p1", 4, noon(3)), (DAY, "rj", "p2", 0, noon(3)))
    )
    assert_columns(rows, "gold.estoque")
    assert tuples(rows) == [(DAY, "p1", 9, naive(4)), (DAY, "p2", 0, naive(3))]


def test_every_gold_table_that_the_batch_makes_has_its_mart() -> None:
    daily = {one.full_name for one in tables() if one.layer is Layer.GOLD and one.writer == "batch"}
    assert marts.MARTS.keys() == daily
