"""A cent that goes astray between the producer's ledger and what landed is found, and a purchase that never landed."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from acude.aws import s3
from acude.contracts.model import table
from acude.contracts.spark import schema
from acude.lake.delta import table_path
from acude.lake.ensure_table import ensure_table
from acude.lake.session import batch_session
from acude.local.platform import Platform
from acude.reconciliation import compare as reconcile
from acude.settings import Settings, settings
from acude.simulator.ledger import Entry, Ledger

DAY, EMPTY_DAY = date(2009, 4, 14), date(2009, 4, 15)
PRICE = Decimal("10.05")
CENT = Decimal("0.01")
EVENTS = table("silver.eventos_clientes")
EXPORT = f"vendas/loja/{DAY}.csv"
PURCHASE = Entry("eventos_clientes", "valido", None, "conciliacao-1", "1", "p1", False, DAY, 2 * PRICE, "BRL")
SALE = Entry(None, "venda", None, None, "1", "p1", False, DAY, 2 * PRICE, "BRL")
Sums = dict[str, Decimal | None]


@pytest.fixture(scope="module")
def spark(platform: Platform) -> Iterator[SparkSession]:
    del platform
    session = batch_session()
    ensure_table(EVENTS)
    yield session
    session.stop()


@pytest.fixture(scope="module")
def landed(spark: SparkSession) -> Iterator[None]:
    """The purchase in silver, and the order's line in the file that the shop's database exported."""
    noon = datetime(2009, 4, 14, 12, tzinfo=UTC)
    purchase = {
        **dict.fromkeys(column.name for column in EVENTS.columns),
        "id_usuario": "u1", "tipo_evento": "compra", "id_produto": "p1", "timestamp": noon, "quantidade": 2,
        "id_evento": "conciliacao-1", "preco": PRICE, "moeda": "BRL", "data": DAY, "topico": "eventos_clientes",
        "particao": 0, "deslocamento": 0, "carimbo_kafka": noon, "ingerido_em": noon, "atrasado": False,
        "hash_conteudo": 0,
    }  # fmt: skip
    row = tuple(purchase[column.name] for column in EVENTS.columns)
    spark.createDataFrame([row], schema(EVENTS)).write.format("delta").mode("append").save(table_path(EVENTS))
    header = "id_pedido,id_produto,descricao,quantidade,data,preco,id_usuario,regiao,moeda"
    line = f"1,p1,Vaso,2,{DAY} 12:00:00,{PRICE},u1,SP,BRL"
    s3().put_object(Bucket=settings().inbox_bucket, Key=EXPORT, Body=f"{header}\n{line}\n".encode())
    yield
    s3().delete_object(Bucket=settings().inbox_bucket, Key=EXPORT)
    spark.sql(f"DELETE FROM delta.`{table_path(EVENTS)}` WHERE data = DATE '{DAY}'").collect()  # noqa: S608 - ours


@pytest.fixture
def producer(tmp_path: Path) -> Callable[..., Settings]:
    """Writes a ledger of sends that were acknowledged; returns the settings that name it."""

    def acknowledged(*entries: Entry) -> Settings:
        ledger = Ledger(tmp_path, "20090414T120000-s1-1")
        for number in ledger.intend(entries):
            ledger.answer(number, 0, number)
        ledger.close()
        return settings().model_copy(update={"var": tmp_path})

    return acknowledged


def found(config: Settings, flow: str, day: date = DAY) -> Sums:
    """The sums of one flow, by place."""
    (row,) = [row for row in reconcile.run(day, day, config).money if row.key.flow == flow]
    return dict(row.sums)


def changed(entry: Entry, by: Decimal) -> Entry:
    assert entry.valor
    return entry._replace(valor=entry.valor + by)


@pytest.mark.usefixtures("landed")
def test_ledger_silver_and_athena_agree_on_purchases_and_ledger_and_export_on_sales(
    producer: Callable[..., Settings],
) -> None:
    config = producer(PURCHASE, SALE)
    assert found(config, "compras") == dict.fromkeys(("ledger", "silver", "athena"), 2 * PRICE)
    assert found(config, "loja") == dict.fromkeys(("ledger", "inbox"), 2 * PRICE)


@pytest.mark.usefixtures("landed")
def test_a_cent_in_the_ledger_is_found(producer: Callable[..., Settings]) -> None:
    config = producer(changed(PURCHASE, CENT), changed(SALE, -CENT))
    assert found(config, "compras") == {"ledger": 2 * PRICE + CENT, "silver": 2 * PRICE, "athena": 2 * PRICE}
    assert found(config, "loja") == {"ledger": 2 * PRICE - CENT, "inbox": 2 * PRICE}


@pytest.mark.usefixtures("landed")
def test_a_cent_in_silvers_events_is_found(spark: SparkSession, producer: Callable[..., Settings]) -> None:
    config = producer(PURCHASE)
    change = f"UPDATE delta.`{table_path(EVENTS)}` SET preco = preco {{}} 0.005 WHERE data = DATE '{DAY}'"  # noqa: S608 - ours
    spark.sql(change.format("+")).collect()
    try:
        wrong = 2 * PRICE + CENT
        assert found(config, "compras") == {"ledger": 2 * PRICE, "silver": wrong, "athena": wrong}
    finally:
        spark.sql(change.format("-")).collect()


@pytest.mark.usefixtures("spark")
def test_a_purchase_that_never_landed_is_missing_in_silver_and_in_athena(producer: Callable[..., Settings]) -> None:
    config = producer(PURCHASE._replace(dia=EMPTY_DAY))
    assert found(config, "compras", EMPTY_DAY) == {"ledger": 2 * PRICE, "silver": None, "athena": None}


@pytest.mark.usefixtures("landed")
def test_purchases_of_several_days_are_compared_day_by_day(producer: Callable[..., Settings]) -> None:
    config = producer(PURCHASE, PURCHASE._replace(id_evento="conciliacao-2", dia=EMPTY_DAY))
    rows = [row for row in reconcile.run(DAY, EMPTY_DAY, config).money if row.key.flow == "compras"]
    assert {row.key.day: row.sums for row in rows} == {
        DAY: dict.fromkeys(("ledger", "silver", "athena"), 2 * PRICE),
        EMPTY_DAY: {"ledger": 2 * PRICE, "silver": None, "athena": None},
    }
