"""Spark computes the same content hash as Arrow."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pyspark.sql import SparkSession

from acude.contracts.model import table
from acude.contracts.spark import schema
from acude.lake.content import content_hash, content_hash_of
from acude.lake.delta import ContractViolation, check_columns
from tests.unit.batch.conftest import Rows


def test_both_engines_agree_on_sales(sales: Rows) -> None:
    frame = sales({}, {"descricao": None, "quantidade": -3, "id_usuario": "açaí"}, {"preco": Decimal("0.0001")}, {})
    assert content_hash(frame, table("silver.vendas")) == content_hash_of(frame.toArrow(), table("silver.vendas"))


def test_both_engines_agree_on_times_and_rates(spark: SparkSession) -> None:
    stock, funnel = table("gold.estoque"), table("gold.funil_conversao")
    day = date(2011, 1, 4)
    levels = spark.createDataFrame([(day, "p", 1, datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC))], schema(stock))
    rates = spark.createDataFrame([(day, "compra", 0, None), (day, "clique", 1, Decimal("0.1"))], schema(funnel))
    assert content_hash(levels, stock) == content_hash_of(levels.toArrow(), stock)
    assert content_hash(rates, funnel) == content_hash_of(rates.toArrow(), funnel)


def test_money_as_a_float_breaks_the_contract(sales: Rows) -> None:
    frame = sales({})
    floats = frame.withColumn("receita", frame.receita.cast("double"))
    with pytest.raises(ContractViolation, match=r"column receita is double, but its contract says decimal\(28,4\)"):
        check_columns(floats, table("silver.vendas"))


def test_another_order_or_a_missing_column_breaks_the_contract(sales: Rows) -> None:
    frame = sales({})
    with pytest.raises(ContractViolation, match="column id_pedido is id_produto at place 1"):
        check_columns(frame.select("id_produto", "id_pedido", *frame.columns[2:]), table("silver.vendas"))
    with pytest.raises(ContractViolation, match="column linha is no column at place 16"):
        check_columns(frame.drop("linha"), table("silver.vendas"))
    with pytest.raises(ContractViolation, match="column sobra is there"):
        check_columns(frame.withColumn("sobra", frame.linha), table("silver.vendas"))
