"""Each table's suite passes healthy rows and refuses the fault that it is there for."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from acude.contracts.arrow import arrow_schema
from acude.contracts.model import marts, table
from acude.publishing.audit import result_on
from acude.publishing.staging import Failure, Staged
from acude.publishing.suites import own_expectations, suite_path
from jobs.batch import marts as batch_marts
from jobs.batch import vendas

pytestmark = pytest.mark.xdist_group("great expectations")

DAY = date(2011, 1, 4)
DERIVED = {**batch_marts.DERIVED, **vendas.DERIVED}
Row = dict[str, Any]

SALE: Row = {
    "id_pedido": "1",
    "id_produto": "p1",
    "descricao": None,
    "quantidade": 2,
    "data": DAY,
    "momento": datetime(2011, 1, 4, 10, tzinfo=UTC),
    "preco": Decimal("1.0500"),
    "id_usuario": None,
    "regiao": "SP",
    "tipo": "venda",
    "receita": Decimal("2.1000"),
    "moeda": "BRL",
    "categoria": "outros",
    "origem": "loja",
    "arquivo": "f",
    "linha": 2,
}
REGION: Row = {
    "data": DAY,
    "regiao": "SP",
    "pedidos": 1,
    "quantidade": 2,
    "receita": Decimal("2.1000"),
    "moeda": "BRL",
}
PLACES: list[Row] = [
    {"data": DAY, "posicao": 1, "id_produto": "b", "quantidade": 9, "receita": Decimal(1), "moeda": "BRL"},
    {"data": DAY, "posicao": 2, "id_produto": "a", "quantidade": 5, "receita": Decimal(7), "moeda": "BRL"},
]
FUNNEL: list[Row] = [
    {"data": DAY, "etapa": "visualizacao", "usuarios": 3, "taxa": Decimal("1.000000")},
    {"data": DAY, "etapa": "clique", "usuarios": 2, "taxa": Decimal("0.666667")},
    {"data": DAY, "etapa": "carrinho", "usuarios": 1, "taxa": Decimal("0.333333")},
    {"data": DAY, "etapa": "compra", "usuarios": 0, "taxa": Decimal("0.000000")},
]
STOCK: Row = {
    "data": DAY,
    "id_produto": "p",
    "nivel_estoque": 1,
    "ultima_atualizacao": datetime(2011, 1, 4, tzinfo=UTC),
}
REFUSED: Row = {
    "data": DAY,
    "origem": "loja",
    "arquivo": "f",
    "linha": 3,
    "motivo": "fora_do_dia",
    "detalhe": "x",
    "original": "[]",
}


def faults(
    name: str, rows: list[Row], expected: dict[str, dict[str, str]] | None = None, **parameters: int
) -> list[str]:
    """Columns of the expectations that such rows fail."""
    return [failure.column for failure in failures(name, rows, expected, **parameters)]


def failures(
    name: str, rows: list[Row], expected: dict[str, dict[str, str]] | None = None, **parameters: int
) -> list[Failure]:
    """What the suite refuses about such rows."""
    schema = arrow_schema(table(name))
    content = pa.Table.from_pylist(rows, schema=pa.schema([field.with_nullable(True) for field in schema]))
    staged = Staged(
        table=name,
        day=DAY,
        run_id="r",
        rows=len(rows),
        hash="",
        expected=expected,
        parameters={"linhas": len(rows), "aceitas": len(rows), "limite_recusadas": 1, **parameters},
    )
    result = result_on(content, staged, "", DERIVED.get(name))[0]
    assert result.success is not bool(result.failures)
    return result.failures


@pytest.mark.parametrize("contract", [table("silver.vendas"), table("silver.quarentena_arquivos"), *marts()])
def test_every_batch_table_has_a_suite_whose_expectations_say_what_they_mean(contract: Any) -> None:  # noqa: ANN401
    suite = json.loads(suite_path(contract).read_text(encoding="utf-8"))
    assert suite["name"] == contract.full_name
    assert all(one["meta"]["significado"] for one in own_expectations(contract))


def test_a_healthy_sale_passes() -> None:
    assert faults("silver.vendas", [SALE]) == []


def test_each_sale_that_breaks_a_rule_is_refused_for_it_and_a_healthy_one_beside_it_is_not() -> None:
    wrong: list[tuple[Row, str]] = [
        ({"receita": Decimal("2.1001")}, "receita / receita_esperada"),
        ({"tipo": "devolucao"}, "tipo / tipo_esperado"),
        ({"regiao": None}, "regiao"),
        ({"momento": datetime(2011, 1, 5, tzinfo=UTC)}, "data / dia_do_momento"),
        ({"preco": Decimal(0), "receita": Decimal(0)}, "preco"),
        ({"preco": Decimal(2000000), "receita": Decimal(4000000)}, "preco"),
        ({"quantidade": -2, "receita": Decimal("-2.1000")}, "quantidade / menor_quantidade"),
        ({"moeda": "R$"}, "moeda"),
    ]
    rows = [SALE | difference | {"linha": number} for number, (difference, _) in enumerate(wrong, start=1)]
    found = failures("silver.vendas", [*rows, SALE | {"linha": len(rows) + 1}])
    refused = [(failure.column, f", {sample},") for failure in found for sample in failure.sample]
    assert len(refused) == len(wrong)
    for number, (_, column) in enumerate(wrong, start=1):
        assert any(name == column and f", linha={number}," in sample for name, sample in refused), column


def test_a_line_that_got_lost_or_came_twice_is_noticed() -> None:
    assert faults("silver.vendas", [SALE], aceitas=2) == ["*"]
    assert faults("silver.vendas", [SALE, SALE]) == ["arquivo, linha"]


def test_a_return_may_have_negative_pieces() -> None:
    returned = SALE | {"id_pedido": "C1", "tipo": "devolucao", "quantidade": -2, "receita": Decimal("-2.1000")}
    assert faults("silver.vendas", [returned]) == []


def test_a_file_of_which_most_is_refused_is_no_sales_file() -> None:
    assert faults("silver.quarentena_arquivos", [REFUSED]) == []
    assert faults("silver.quarentena_arquivos", [REFUSED, REFUSED | {"linha": 4}]) == ["*"]


RIGHT = {"receita": "2.1000", "quantidade": "2", "linhas": "1"}


@pytest.mark.parametrize("dimension", ["regiao", "categoria"])
def test_sums_have_to_be_those_of_silver(dimension: str) -> None:
    row = {(dimension if key == "regiao" else key): value for key, value in REGION.items()}
    assert faults(f"gold.vendas_por_{dimension}", [row], {"BRL": RIGHT}) == []
    wrong = {"BRL": RIGHT | {"receita": "2.1100"}}
    assert faults(f"gold.vendas_por_{dimension}", [row], wrong) == ["na_tabela / na_fonte"]


def test_sums_are_missed_in_every_currency_also_where_there_is_no_row() -> None:
    assert faults("gold.vendas_por_regiao", [REGION], {"BRL": RIGHT, "GBP": RIGHT}) == ["na_tabela / na_fonte"]
    assert faults("gold.vendas_por_regiao", [], {"BRL": RIGHT}) == ["na_tabela / na_fonte"]


def test_a_month_has_to_be_the_sum_of_its_days() -> None:
    month = {"mes": "2011-01", "pedidos": 1, "quantidade": 2, "receita": Decimal("2.1000"), "moeda": "BRL"}
    days = {"BRL": {"receita": "2.1", "quantidade": "2", "linhas": "1"}}
    assert faults("gold.receita_mensal", [month], days) == []
    assert faults("gold.receita_mensal", [month | {"receita": Decimal("2.2000")}], days) == ["na_tabela / na_fonte"]
    assert "mes" in faults("gold.receita_mensal", [month | {"mes": "2011-02"}], days)


def test_places_have_no_gaps_and_follow_the_rule() -> None:
    assert faults("gold.mais_vendidos", PLACES) == []
    assert faults("gold.mais_vendidos", [PLACES[0], PLACES[1] | {"posicao": 3}]) == ["posicao / posicao_esperada"]
    swapped = [PLACES[0] | {"posicao": 2}, PLACES[1] | {"posicao": 1}]
    assert faults("gold.mais_vendidos", swapped) == ["posicao / posicao_esperada"]


def test_a_funnel_never_widens_and_its_rates_are_right() -> None:
    assert faults("gold.funil_conversao", FUNNEL) == []
    wider = [*FUNNEL[:3], FUNNEL[3] | {"usuarios": 2, "taxa": Decimal("0.666667")}]
    assert faults("gold.funil_conversao", wider) == ["usuarios_da_etapa_anterior / usuarios"]
    wrong = [*FUNNEL[:3], FUNNEL[3] | {"taxa": None}]
    assert faults("gold.funil_conversao", wrong) == ["taxa_escrita / taxa_esperada"]
    assert faults("gold.funil_conversao", FUNNEL[:3]) == ["*"]


def test_nobody_came_and_the_funnel_is_healthy() -> None:
    assert faults("gold.funil_conversao", [row | {"usuarios": 0, "taxa": None} for row in FUNNEL]) == []


def test_stock_is_not_negative_nor_from_the_future() -> None:
    assert faults("gold.estoque", [STOCK]) == []
    assert faults("gold.estoque", [STOCK | {"nivel_estoque": -1}]) == ["nivel_estoque"]
    tomorrow = STOCK | {"ultima_atualizacao": datetime(2011, 1, 5, tzinfo=UTC)}
    assert faults("gold.estoque", [tomorrow]) == ["ultima_atualizacao"]
    assert faults("gold.estoque_por_armazem", [tomorrow | {"id_armazem": "sp"}]) == ["ultima_atualizacao"]


def test_rows_of_another_day_are_refused() -> None:
    assert faults("gold.estoque", [STOCK | {"data": date(2011, 1, 3)}]) == ["data"]
