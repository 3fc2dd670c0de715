"""A contract's Spark and Arrow forms say the same as its file."""

import pyarrow as pa
import pytest
from pyspark.sql import types as t

from acude.contracts.arrow import arrow_schema
from acude.contracts.model import Contract, table, tables
from acude.contracts.spark import schema


def test_types_order_and_nulls_follow_the_contract() -> None:
    fields = schema(table("gold.receita_mensal")).fields
    assert [(field.name, field.dataType, field.nullable) for field in fields] == [
        ("mes", t.StringType(), False),
        ("pedidos", t.LongType(), False),
        ("quantidade", t.LongType(), False),
        ("receita", t.DecimalType(38, 4), False),
        ("moeda", t.StringType(), False),
    ]
    assert fields[0].metadata == {"comment": "UTC month, YYYY-MM"}


def test_no_table_has_two_columns_of_one_name() -> None:
    """A topic's field must not be called as one of the columns that its silver table adds."""
    twice = {contract.full_name for contract in tables() if len(set(contract.column_names)) < len(contract.columns)}
    assert twice == set()


def test_money_is_never_a_float_in_any_table() -> None:
    names = {"preco", "receita", "valor"}
    fields = [field for contract in tables() for field in schema(contract) if field.name in names]
    # Bronze and what follows it call a record's bytes `valor`.
    money = [field for field in fields if not isinstance(field.dataType, t.BinaryType)]
    assert {field.name for field in money} == names
    assert all(isinstance(field.dataType, t.DecimalType) for field in money)


@pytest.mark.parametrize("contract", tables(), ids=lambda contract: contract.full_name)
def test_arrow_and_spark_agree_on_every_table(contract: Contract) -> None:
    assert arrow_schema(contract).names == schema(contract).names
    nullable = [field.nullable for field in schema(contract)]
    assert [field.nullable for field in arrow_schema(contract)] == nullable


def test_a_timestamp_is_an_instant_in_utc() -> None:
    assert arrow_schema(table("gold.estoque")).field("ultima_atualizacao").type == pa.timestamp("us", tz="UTC")


def test_columns_have_comments_and_required_ones_are_not_null() -> None:
    columns = schema(table("gold.funil_conversao"))
    assert columns["usuarios"].metadata["comment"].startswith("Distinct shoppers")
    assert [columns[name].nullable for name in ("usuarios", "taxa")] == [False, True]
