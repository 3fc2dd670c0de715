import re
from datetime import date

import pytest

from acude.contracts.model import ContractError, load
from acude.contracts.redshift import room
from acude.settings import PROJECT
from acude.warehouse.errors import WarehouseError
from acude.warehouse.target import LOADS, chosen, targets

DAY = date(2011, 1, 4)


@pytest.mark.parametrize(
    ("table", "source", "period"),
    [
        ("vendas", "silver.vendas", "2011-01-04"),
        ("eventos_clientes", "silver.eventos_clientes", "2011-01-04"),
        ("estoque", "gold.estoque", "2011-01-04"),
        ("receita_mensal", "gold.receita_mensal", "2011-01"),
        ("mais_vendidos", "gold.mais_vendidos", "2011-01-04"),
    ],
)
def test_a_table_mirrors_the_lakes_table_of_its_name_by_day_or_month(table: str, source: str, period: str) -> None:
    target = targets()[table]

    assert target.source.full_name == source
    assert target.period(DAY) == period


def test_only_stock_is_merged() -> None:
    assert [target.name for target in targets().values() if target.merges] == ["estoque"]
    assert targets()["estoque"].clock == "ultima_atualizacao"


def test_the_table_of_loads_is_not_loaded() -> None:
    assert "cargas" not in targets()


def test_all_tables_are_chosen_unless_some_are_named() -> None:
    assert [target.name for target in chosen(None)] == list(targets())
    assert [target.name for target in chosen(["vendas", "estoque"])] == ["vendas", "estoque"]


def test_an_unknown_table_is_named_with_those_that_exist() -> None:
    with pytest.raises(WarehouseError, match=r"loads no table 'venda'; it loads .*vendas"):
        chosen(["venda"])


def test_the_documentation_lists_the_tables() -> None:
    text = (PROJECT / "docs" / "warehouse.md").read_text(encoding="utf-8")
    rows = text.split("## What is in it")[1].split("Columns, types")[0].splitlines()
    listed = [name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1] if "|" in row else "")]
    assert sorted(listed) == sorted([LOADS, *targets()])


def test_no_text_of_the_lake_is_longer_than_the_warehouse_has_room_for() -> None:
    texts = [
        (target.name, column.name, target.source.column(column.name).longest, room(column))
        for target in targets().values()
        for column in target.contract.columns
        if column.type == "string"
    ]
    assert texts
    assert [one for one in texts if one[2] is None or one[2] > one[3]] == []


@pytest.mark.parametrize("length", [None, 65])
def test_a_source_of_longer_texts_is_refused_by_its_column(monkeypatch: pytest.MonkeyPatch, length: int | None) -> None:
    everything = load()
    sales = everything["silver.vendas"]
    columns = tuple(c.model_copy(update={"max_length": length}) if c.name == "id_pedido" else c for c in sales.columns)
    longer = everything | {"silver.vendas": sales.model_copy(update={"columns": columns})}
    monkeypatch.setattr("acude.warehouse.target.load", lambda: longer)
    with pytest.raises(ContractError, match=r"silver\.vendas\.id_pedido may hold .* characters, the warehouse 64"):
        targets()
