"""What a load sends to Redshift, recorded at the driver: there is no Redshift on one machine."""

# ruff: noqa: S608 (expected statements, never sent)

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import pytest

from acude.warehouse.copying import StagedParquet
from acude.warehouse.errors import LoadError
from acude.warehouse.loader import replace_period
from acude.warehouse.rows import Digest
from acude.warehouse.target import targets
from tests.redshift_sql import assert_redshift_takes

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

ROLE = "arn:aws:iam::123456789012:role/acude-redshift-copy"
MANIFEST = "s3://acude-lake/_staging/redshift/vendas/2011-01-04/run-1/copy.manifest.json"


@dataclass
class Recorder:
    """Stands where psycopg2's connection stands; answers with the counts that it was given."""

    measured: tuple[object, ...]
    repeated: int = 0
    sent: list[str] = field(default_factory=list)
    values: list[tuple[object, ...] | None] = field(default_factory=list)
    ended: str = ""

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if isinstance(kind, type) and not self.ended:
            self.ended = "rollback"
        self.ended = self.ended or ("commit" if self.sent and self.sent[-1].startswith("INSERT INTO cargas") else "")

    def cursor(self) -> "Recorder":
        return self

    def execute(self, statement: str, values: tuple[object, ...] | None) -> None:
        self.sent.append(statement)
        self.values.append(values)

    def fetchall(self) -> list[tuple[Any, ...]]:
        return [(self.repeated,)] if "HAVING" in self.sent[-1] else [self.measured]


def load(recorder: Recorder, table: str, *, rows: int, money: str | None, role: str = ROLE) -> None:
    digest = Digest(rows, Decimal(money) if money else None, "0" * 64)
    ready = StagedParquet(MANIFEST, role, version=7, digest=digest)
    period = "2011-01-04"
    replace_period(cast("Connection", recorder), "redshift", targets()[table], period, ready, run_id="teste")


def test_a_day_of_facts_is_staged_compared_replaced_and_audited_in_one_transaction() -> None:
    redshift = Recorder(measured=(2, Decimal("7.6504")))

    load(redshift, "vendas", rows=2, money="7.6504")

    assert "\n".join(redshift.sent) == (
        "LOCK TABLE cargas\n"
        "CREATE TEMP TABLE carga_vendas (LIKE vendas)\n"
        f"COPY carga_vendas FROM '{MANIFEST}' IAM_ROLE '{ROLE}' FORMAT AS PARQUET MANIFEST\n"
        "SELECT count(*), sum(receita) FROM carga_vendas\n"
        "DELETE FROM vendas WHERE data = %s\n"
        "INSERT INTO vendas (id_pedido, id_produto, quantidade, preco, data, moeda, receita, tipo) "
        "SELECT id_pedido, id_produto, quantidade, preco, data, moeda, receita, tipo FROM carga_vendas\n"
        "DROP TABLE carga_vendas\n"
        "INSERT INTO cargas (tabela, data, linhas, soma_receita, hash_conteudo, versao_delta, execucao, carregado_em) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
    )
    assert redshift.values[4] == ("2011-01-04",)
    assert redshift.ended == "commit"


def test_stock_is_merged_after_older_rows_are_dropped() -> None:
    redshift = Recorder(measured=(1,))

    load(redshift, "estoque", rows=1, money=None)

    assert "\n".join(redshift.sent[5:7]) == (
        "DELETE FROM carga_estoque USING estoque WHERE carga_estoque.id_produto = estoque.id_produto "
        "AND carga_estoque.ultima_atualizacao < estoque.ultima_atualizacao\n"
        "MERGE INTO estoque USING carga_estoque ON estoque.id_produto = carga_estoque.id_produto "
        "WHEN MATCHED THEN UPDATE SET nivel_estoque = carga_estoque.nivel_estoque, "
        "ultima_atualizacao = carga_estoque.ultima_atualizacao "
        "WHEN NOT MATCHED THEN INSERT (id_produto, nivel_estoque, ultima_atualizacao) "
        "VALUES (carga_estoque.id_produto, carga_estoque.nivel_estoque, carga_estoque.ultima_atualizacao)"
    )


@pytest.mark.parametrize("table", list(targets()))
def test_every_tables_load_sends_only_what_redshift_takes(table: str) -> None:
    money = targets()[table].has_money
    redshift = Recorder(measured=(3, Decimal(1)) if money else (3,))

    load(redshift, table, rows=3, money="1" if money else None)

    for statement in redshift.sent:
        assert_redshift_takes(statement)


def test_a_difference_in_redshift_is_rolled_back_before_anything_is_deleted() -> None:
    redshift = Recorder(measured=(2, Decimal("7.6503")))

    with pytest.raises(LoadError, match=r"receita 7\.6504 were read .* receita 7\.6503 arrived"):
        load(redshift, "vendas", rows=2, money="7.6504")

    assert redshift.ended == "rollback"
    assert not [statement for statement in redshift.sent if statement.startswith("DELETE")]


def test_redshift_does_not_enforce_keys_so_the_loader_does() -> None:
    redshift = Recorder(measured=(2, Decimal(1)), repeated=1)

    with pytest.raises(LoadError, match="come more than once"):
        load(redshift, "mais_vendidos", rows=2, money="1")

    assert redshift.ended == "rollback"


def test_of_an_empty_day_nothing_is_copied() -> None:
    redshift = Recorder(measured=(0, None))

    load(redshift, "vendas", rows=0, money="0")

    assert not [statement for statement in redshift.sent if statement.startswith("COPY")]
    assert redshift.ended == "commit"
