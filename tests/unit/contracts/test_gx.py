"""A contract's base suite asks for everything that the contract promises."""

from acude.contracts.gx import base_expectations
from acude.contracts.model import table


def asked(name: str, column: str) -> list[str]:
    return [one["type"] for one in base_expectations(table(name)) if one["kwargs"].get("column") == column]


def test_a_required_column_is_not_null() -> None:
    assert asked("silver.vendas", "origem") == ["expect_column_values_to_not_be_null"]


def test_an_optional_column_may_be_null() -> None:
    assert asked("silver.vendas", "descricao") == []


def test_bounds_lengths_and_values_are_asked_for() -> None:
    assert "expect_column_values_to_be_between" in asked("gold.mais_vendidos", "posicao")
    assert "expect_column_value_lengths_to_be_between" in asked("gold.mais_vendidos", "moeda")
    assert "expect_column_values_to_be_in_set" in asked("silver.vendas", "tipo")


def test_keys_are_unique_together() -> None:
    keys = [one["kwargs"] for one in base_expectations(table("gold.vendas_por_regiao")) if "unique" in one["type"]]
    assert keys == [{"column_list": ["data", "regiao", "moeda"]}]


def test_the_partition_is_the_one_that_is_published() -> None:
    wanted = {"column": "mes", "value_set": {"$PARAMETER": "particao"}}
    assert wanted in [one["kwargs"] for one in base_expectations(table("gold.receita_mensal"))]
