from pathlib import Path

import pytest

from acude.contracts import redshift
from acude.contracts.column import Column
from acude.contracts.model import Contract, ContractError, Layer
from acude.settings import PROJECT


def contract(*columns: Column, name: str = "exemplo") -> Contract:
    return Contract.model_validate(
        {
            "layer": Layer.WAREHOUSE,
            "name": name,
            "title": "Exemplo",
            "description": "What it's for",
            "grain": "one row",
            "owner": "loja",
            "writer": "batch",
            "version": "1.0.0",
            "columns": columns,
        }
    )


def column(name: str, kind: str, **more: object) -> Column:
    return Column.model_validate({"name": name, "type": kind, "description": "meaning"} | more)


def test_the_committed_schema_is_what_the_contracts_say() -> None:
    committed = (PROJECT / "infra" / "redshift" / "schema.sql").read_text(encoding="utf-8")

    assert committed == redshift.schema(), "run: python -m acude.contracts.redshift > infra/redshift/schema.sql"


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        ("string", {}, "VARCHAR(256)"),
        ("string", {"max_length": 64}, "VARCHAR(256)"),
        ("string", {"max_length": 3}, "VARCHAR(12)"),
        ("int", {}, "INTEGER"),
        ("bigint", {}, "BIGINT"),
        ("double", {}, "DOUBLE PRECISION"),
        ("boolean", {}, "BOOLEAN"),
        ("date", {}, "DATE"),
        ("timestamp", {}, "TIMESTAMP"),
        ("decimal(38,4)", {}, "DECIMAL(38, 4)"),
    ],
)
def test_a_contract_type_has_one_warehouse_type(kind: str, more: dict[str, object], expected: str) -> None:
    assert redshift.column_type(column("c", kind, **more)) == expected


@pytest.mark.parametrize("kind", ["binary", "array<struct<chave:string,valor:binary>>"])
def test_bytes_and_nested_values_stay_in_the_lake(kind: str) -> None:
    with pytest.raises(ContractError, match="leave it out of the warehouse's contract"):
        redshift.column_type(column("cabecalhos", kind))


def test_facts_spread_by_their_product_and_sort_by_day() -> None:
    table = contract(
        column("id_pedido", "string", required=True),
        column("id_produto", "string", required=True),
        column("data", "date", required=True, partition=True),
    )

    assert redshift.statements(table)[0] == (
        "CREATE TABLE IF NOT EXISTS exemplo (\n"
        "    id_pedido VARCHAR(256) NOT NULL,\n"
        "    id_produto VARCHAR(256) NOT NULL,\n"
        "    data DATE NOT NULL\n"
        ")\n"
        "DISTSTYLE KEY DISTKEY (id_produto) SORTKEY (data)"
    )


def test_postgres_has_no_distribution_and_an_index_where_redshift_sorts() -> None:
    table = contract(column("id_produto", "string", required=True), column("data", "date", partition=True))

    create, index, *_ = redshift.statements(table, "postgres")

    assert create.endswith("    data DATE\n)")
    assert index == "CREATE INDEX IF NOT EXISTS exemplo_por_data ON exemplo (data)"


def test_a_reserved_word_is_quoted_wherever_it_stands() -> None:
    table = contract(column("timestamp", "timestamp", primary_key=True))

    script = redshift.ddl(table)

    assert '    "timestamp" TIMESTAMP,\n    PRIMARY KEY ("timestamp")' in script
    assert 'COMMENT ON COLUMN exemplo."timestamp" IS' in script
    assert 'SORTKEY ("timestamp")' in script


def test_a_quote_in_a_description_ends_no_comment() -> None:
    assert "COMMENT ON TABLE exemplo IS 'What it''s for. One row: one row. Owner: loja'" in redshift.ddl(
        contract(column("a", "int"))
    )


@pytest.mark.parametrize("name", ["Vendas", "a b", "a" * 128, "1a", 'a"b', "preço", ""])
def test_a_name_that_redshift_would_change_is_refused(name: str) -> None:
    with pytest.raises(ContractError, match="can't name a warehouse table or column"):
        redshift.identifier(name)


def test_every_daily_mart_and_no_live_table_is_in_the_warehouse() -> None:
    names = [table.name for table in redshift.warehouse_contracts()]

    assert len(names) == len(set(names))
    assert {"vendas", "eventos_clientes", "estoque", "cargas", "mais_vendidos", "receita_mensal"} <= set(names)
    assert not [name for name in names if name.startswith("ao_vivo")]


def test_a_new_mart_enters_the_warehouse_by_its_contract_alone(tmp_path: Path) -> None:
    (tmp_path / "gold").mkdir()
    text = (PROJECT / "contracts" / "gold" / "mais_vendidos.odcs.yaml").read_text(encoding="utf-8")
    (tmp_path / "gold" / "menos_vendidos.odcs.yaml").write_text(text.replace("mais_vendidos", "menos_vendidos"))

    assert "CREATE TABLE IF NOT EXISTS menos_vendidos" in redshift.schema(tmp_path)
