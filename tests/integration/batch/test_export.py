"""The shop's orders into the inbox, from a real PostgreSQL with the shop's tables."""

import io
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg2
import pyarrow.parquet as pq
import pytest

from acude.inbox import files as inbox
from acude.inbox.lines import lines_of
from acude.migrations.database import SHOP, migrate
from acude.publishing.publish import session
from acude.settings import settings
from jobs.batch import exportar_vendas
from jobs.batch.exportar_vendas import ExportError
from tests.integration.batch.batch_lake import BatchLake, own_lake

pytestmark = pytest.mark.usefixtures("platform")

DAY = date(1999, 5, 17)
"""Before any order that the simulator makes."""
EXPORT = "vendas/loja/1999-05-17.parquet"
LINES = 30_000
HELD = 4 * 2**20
"""Bytes; the lines as rows take several times as many."""


@pytest.fixture
def shop(platform: object) -> Iterator[Any]:  # noqa: ARG001 - the servers have to run
    migrate(SHOP, settings().shop_dsn.get_secret_value())
    with closing(psycopg2.connect(settings().shop_dsn.get_secret_value())) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor
            cursor.execute("DELETE FROM itens WHERE id_pedido LIKE 'teste-%'")
            cursor.execute("DELETE FROM pedidos WHERE id_pedido LIKE 'teste-%'")


@pytest.fixture
def lake(platform: object) -> Iterator[BatchLake]:  # noqa: ARG001 - the servers have to run
    with own_lake() as found:
        yield found


def order(shop: Any, name: str, moment: datetime, *items: tuple[str, int, str]) -> None:  # noqa: ANN401 - a cursor
    shop.execute(
        "INSERT INTO pedidos (id_pedido, id_usuario, regiao, moeda, momento) VALUES (%s, 'u1', 'SP', 'BRL', %s)",
        (name, moment),
    )
    for number, (product, pieces, price) in enumerate(items, start=1):
        shop.execute(
            "INSERT INTO itens (id_pedido, linha, id_produto, descricao, quantidade, preco) VALUES (%s,%s,%s,%s,%s,%s)",
            (name, number, product, "Caneca", pieces, Decimal(price)),
        )


def exported() -> list[tuple[Any, ...]]:
    with session() as spark, lines_of(spark, inbox.files_of(DAY)) as read:
        lines = read.frame.orderBy("linha").toArrow().to_pylist()
    return [tuple(line[name] for name in ("id_pedido", "id_produto", "quantidade", "data", "preco")) for line in lines]


def test_a_day_of_orders_becomes_one_file_that_the_inbox_reads(shop: Any, lake: BatchLake) -> None:  # noqa: ANN401, ARG001
    order(shop, "teste-1", datetime(1999, 5, 17, 0, 0, tzinfo=UTC), ("p1", 2, "10.5000"), ("p2", 1, "0.0010"))
    order(shop, "teste-2", datetime(1999, 5, 17, 23, 59, 59, 999999, tzinfo=UTC), ("p1", 1, "1.0000"))
    order(shop, "teste-3", datetime(1999, 5, 18, 0, 0, tzinfo=UTC), ("p1", 1, "1.0000"))
    result = exportar_vendas.run(DAY)
    assert result == {"file": "vendas/loja/1999-05-17.parquet", "rows": 3, "written": True, "warnings": []}
    assert exported() == [
        ("teste-1", "p1", "2", "1999-05-17 00:00:00.000000", "10.5000"),
        ("teste-1", "p2", "1", "1999-05-17 00:00:00.000000", "0.0010"),
        ("teste-2", "p1", "1", "1999-05-17 23:59:59.999999", "1.0000"),
    ]


def test_equal_lines_of_an_order_keep_all_their_pieces(shop: Any, lake: BatchLake) -> None:  # noqa: ANN401, ARG001
    order(shop, "teste-1", datetime(1999, 5, 17, 8, tzinfo=UTC), ("p1", 2, "10.5"), ("p1", 2, "10.5"), ("p1", 1, "9"))
    exportar_vendas.run(DAY)
    assert sorted(row[2] for row in exported()) == ["1", "4"]


def test_the_same_day_exported_again_is_not_written_again(shop: Any, lake: BatchLake) -> None:  # noqa: ANN401
    order(shop, "teste-1", datetime(1999, 5, 17, 8, tzinfo=UTC), ("p1", 2, "10.5"))
    exportar_vendas.run(DAY)
    before = lake.s3.head_object(Bucket=lake.inbox, Key="vendas/loja/1999-05-17.parquet")
    assert exportar_vendas.run(DAY)["written"] is False
    after = lake.s3.head_object(Bucket=lake.inbox, Key="vendas/loja/1999-05-17.parquet")
    assert after["LastModified"] == before["LastModified"]
    order(shop, "teste-2", datetime(1999, 5, 17, 9, tzinfo=UTC), ("p1", 1, "10.5"))
    assert exportar_vendas.run(DAY)["written"] is True


def test_a_large_days_lines_are_exported_some_at_a_time(
    shop: Any,  # noqa: ANN401 - a cursor
    lake: BatchLake,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order(shop, "teste-1", datetime(1999, 5, 17, 8, tzinfo=UTC), ("p1", 2, "10.5"))
    exportar_vendas.run(DAY)
    shop.execute(
        "INSERT INTO itens (id_pedido, linha, id_produto, descricao, quantidade, preco)"
        " SELECT 'teste-1', n, 'p' || n, 'Caneca', 1, 1.5 FROM generate_series(2, %s) n",
        (LINES,),
    )
    monkeypatch.setattr(exportar_vendas, "PIECE_ROWS", 1_000)
    tracemalloc.start()
    try:
        assert exportar_vendas.run(DAY)["written"] is True
        assert exportar_vendas.run(DAY) == {"file": EXPORT, "rows": LINES, "written": False, "warnings": []}
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    written = pq.ParquetFile(io.BytesIO(lake.s3.get_object(Bucket=lake.inbox, Key=EXPORT)["Body"].read()))
    assert (written.metadata.num_rows, written.metadata.num_row_groups) == (LINES, LINES // 1_000)
    assert most < HELD


@pytest.mark.usefixtures("shop", "lake")
def test_a_day_without_sales_has_no_file() -> None:
    assert exportar_vendas.run(DAY) == {
        "file": None,
        "rows": 0,
        "written": False,
        "warnings": ["the shop sold nothing on 1999-05-17: no file"],
    }
    assert inbox.files_of(DAY) == []


@pytest.mark.usefixtures("shop")
def test_an_emptied_database_never_takes_a_file_away(lake: BatchLake) -> None:
    lake.send(DAY, b"whatever", kind="parquet")
    with pytest.raises(ExportError, match=r"no sales of 1999-05-17, but the inbox has vendas/loja/1999-05-17\.parquet"):
        exportar_vendas.run(DAY)
