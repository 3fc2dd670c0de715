"""A decision that gets lost, or a cent that changes, in any of the places that know a payment, is found there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from pyspark.sql import SparkSession

from acude.contracts.model import Contract, table
from acude.contracts.spark import schema
from acude.ingestion.replays import HEADER
from acude.lake.delta import table_path
from acude.lake.ensure_table import ensure_table
from acude.lake.session import batch_session
from acude.local.platform import Platform
from acude.payments.store import Store
from acude.reconciliation import payments
from acude.reconciliation.payments import SETTLED, Payments, payment_rows, rules
from acude.reconciliation.report import Report, SetRow
from acude.settings import Settings, settings
from acude.simulator.ledger import Entry, Ledger
from tests.integration.batch.risk_rows import write

DAY = date(2009, 5, 14)
NOON = datetime(2009, 5, 14, 12, tzinfo=UTC)
VALUE, CENT = Decimal("10.05"), Decimal("0.01")
IDS = ("conciliacao-p1", "conciliacao-p2")
PAYMENTS, DECISIONS = table("silver.transacoes"), table("silver.decisoes_risco")
LANDED = dict.fromkeys(("particao", "deslocamento", "hash_conteudo"), 0) | {
    "data": DAY, "carimbo_kafka": NOON, "ingerido_em": NOON, "atrasado": False,
}  # fmt: skip
COMMON = {"tipo_pagamento": "pix", "operacao": "pagamento", "valor": VALUE, "moeda": "BRL", "id_pagador": "u1"}
PAYMENT = COMMON | LANDED | {
    "timestamp": NOON, "documento_pagador": "k1:0", "id_recebedor": "r1", "chave_pix": "r1@x",
}  # fmt: skip
SAID = COMMON | {
    "id_cliente": None,
    "transacao_em": NOON, "decisao": "aprovar", "pontuacao": 3, "motivos": [], "versao_regras": "1",
    "versao_modelo": "nenhum", "degradado": False, "causas": [], "latencia_ms": 9, "id_rastro": "r",
}  # fmt: skip


@pytest.fixture(scope="module")
def spark(platform: Platform) -> Iterator[SparkSession]:
    del platform
    session = batch_session()
    yield session
    session.stop()


@pytest.fixture(scope="module")
def decided(spark: SparkSession) -> Iterator[None]:
    """Two payments in silver, and their decisions in silver and in the database."""
    for contract, row in ((PAYMENTS, PAYMENT), (DECISIONS, SAID | LANDED | {"timestamp": NOON})):
        ensure_table(contract)
        rows = [tuple((row | {"id_transacao": one}).get(column.name) for column in contract.columns) for one in IDS]
        spark.createDataFrame(rows, schema(contract)).write.format("delta").mode("append").save(table_path(contract))
    store = Store(settings())
    store.prepare()
    store.add([SAID | {"id_transacao": one, "decidida_em": NOON} for one in IDS])
    store.close()
    yield
    for contract in (PAYMENTS, DECISIONS):
        spark.sql(f"DELETE FROM delta.`{table_path(contract)}` WHERE data = DATE '{DAY}'").collect()  # noqa: S608 - ours
    ask_database("DELETE FROM decisoes WHERE id_transacao = ANY(%s)", list(IDS))


def ask_database(text: str, *arguments: object) -> None:
    with psycopg.connect(settings().risk_dsn.get_secret_value()) as connection:
        connection.execute(text, arguments)


@pytest.fixture
def ledger(tmp_path: Path) -> Callable[[Decimal], Settings]:
    """Writes a ledger of both payments; returns the settings that name it."""

    def acknowledged(first: Decimal = VALUE) -> Settings:
        book = Ledger(tmp_path, "20090514T120000-s1-1")
        entries = [
            Entry("transacoes", "valido", None, one, None, None, False, DAY, value, "BRL")
            for one, value in zip(IDS, (first, VALUE), strict=True)
        ]
        for number in book.intend(entries):
            book.answer(number, 0, number)
        book.close()
        return settings().model_copy(update={"var": tmp_path})

    return acknowledged


def report(config: Settings, first: date = DAY, last: date = DAY) -> Report:
    """As `acude reconcile` says it when all of this is old enough to be compared."""
    money, sets = payment_rows(config, first, last, datetime.now(UTC) + 2 * SETTLED)
    return Report(first, last, tuple(money), tuple(sets))


def money(found: Report, flow: str = "pagamentos") -> dict[str, Decimal | None]:
    (row,) = [row for row in found.money if row.key.flow == flow]
    return dict(row.sums)


def broken(found: Report) -> dict[str, tuple[str, ...]]:
    """The rules about decisions that are broken; the payments here came by no broker, and bronze has none."""
    return {row.rule: row.examples for row in found.sets if not row.ok and "deci" in row.rule}


@contextmanager
def changed(spark: SparkSession, contract: Contract, change: str, back: str) -> Iterator[None]:
    """One payment's row in a table of the lake, changed."""
    statement = f"UPDATE delta.`{table_path(contract)}` SET {{}} WHERE id_transacao = '{IDS[0]}'"  # noqa: S608 - ours
    spark.sql(statement.format(change)).collect()
    try:
        yield
    finally:
        spark.sql(statement.format(back)).collect()


PLACES = ("silver", "athena", "decisões", "postgres")


@pytest.mark.usefixtures("decided")
def test_all_places_agree(ledger: Callable[..., Settings]) -> None:
    found = report(ledger())
    assert money(found) == dict.fromkeys(PLACES, 2 * VALUE)
    assert money(found, "pagamentos enviados") == dict.fromkeys(("ledger", "silver"), 2 * VALUE)
    assert broken(found) == {}


@pytest.mark.usefixtures("decided")
def test_a_cent_in_the_ledger_is_found(ledger: Callable[..., Settings]) -> None:
    found = report(ledger(VALUE + CENT))
    assert money(found, "pagamentos enviados") == {"ledger": 2 * VALUE + CENT, "silver": 2 * VALUE}


@pytest.mark.usefixtures("decided")
@pytest.mark.parametrize(("contract", "places"), [(PAYMENTS, {"silver", "athena"}), (DECISIONS, {"decisões"})])
def test_a_cent_in_the_lake_is_found(
    spark: SparkSession, ledger: Callable[..., Settings], contract: Contract, places: set[str]
) -> None:
    config = ledger()
    with changed(spark, contract, "valor = valor + 0.01", "valor = valor - 0.01"):
        sums = money(report(config))
    assert {place for place, value in sums.items() if value == 2 * VALUE + CENT} == places
    assert {place for place, value in sums.items() if value == 2 * VALUE} == set(PLACES) - places


@pytest.mark.usefixtures("decided")
def test_a_cent_in_the_database_is_found(ledger: Callable[..., Settings]) -> None:
    config = ledger()
    ask_database("UPDATE decisoes SET valor = valor + 0.01 WHERE id_transacao = %s", IDS[0])
    try:
        found = report(config)
    finally:
        ask_database("UPDATE decisoes SET valor = valor - 0.01 WHERE id_transacao = %s", IDS[0])
    assert money(found) == dict.fromkeys(PLACES[:-1], 2 * VALUE) | {"postgres": 2 * VALUE + CENT}


@pytest.mark.usefixtures("decided")
def test_a_decision_that_the_lake_lost_is_found(spark: SparkSession, ledger: Callable[..., Settings]) -> None:
    config = ledger()
    with changed(spark, DECISIONS, "id_transacao = 'elsewhere'", "id_transacao = id_transacao"):
        found = report(config)
    spark.sql(
        f"UPDATE delta.`{table_path(DECISIONS)}` SET id_transacao = '{IDS[0]}' WHERE id_transacao = 'elsewhere'"  # noqa: S608 - ours
    ).collect()
    assert broken(found) == {
        "Every payment has a decision in the lake": (IDS[0],),
        "Every decision in the lake is on a payment": ("elsewhere",),
    }
    assert money(found)["decisões"] == VALUE


@pytest.mark.usefixtures("decided")
def test_a_decision_that_the_database_lost_is_found(ledger: Callable[..., Settings]) -> None:
    config = ledger()
    ask_database("UPDATE decisoes SET id_transacao = 'elsewhere' WHERE id_transacao = %s", IDS[0])
    try:
        found = report(config)
    finally:
        ask_database("UPDATE decisoes SET id_transacao = %s WHERE id_transacao = 'elsewhere'", IDS[0])
    assert broken(found) == {
        "Every payment has a decision in the database": (IDS[0],),
        "Every decision in the database is on a payment": ("elsewhere",),
    }
    assert money(found)["postgres"] == VALUE


@pytest.fixture
def decided_alone() -> Iterator[str]:
    """A decision on a payment of the next day, of which the lake has nothing."""
    at = NOON + timedelta(days=1)
    store = Store(settings())
    store.add([SAID | {"id_transacao": "conciliacao-p3", "transacao_em": at, "decidida_em": at}])
    store.close()
    yield "conciliacao-p3"
    ask_database("DELETE FROM decisoes WHERE id_transacao = 'conciliacao-p3'")


@pytest.mark.usefixtures("decided")
def test_several_days_are_compared_one_after_the_other(
    ledger: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, decided_alone: str
) -> None:
    config, following = ledger(), DAY + timedelta(days=1)
    days: list[set[date]] = []

    def seen(found: Payments) -> list[SetRow]:
        places = ((found.landed, "data"), (found.decided, "dia"), (found.stored, "dia"))
        days.append({day for rows, name in places for day in rows[name].to_pylist()})
        return rules(found)

    monkeypatch.setattr(payments, "rules", seen)
    found = report(config, last=following)
    assert days == [{DAY}, {following}]
    assert money(found) == dict.fromkeys(PLACES, 2 * VALUE)
    assert broken(found) == {"Every decision in the database is on a payment": (decided_alone,)}
    assert report(config, first=following, last=following).empty


@pytest.mark.usefixtures("decided")
def test_the_databases_decisions_come_in_pieces_from_the_servers_cursor() -> None:
    store = Store(settings())
    pieces = store.between(NOON, NOON + timedelta(hours=1), ["id_transacao"], size=1)
    first = next(pieces)
    with psycopg.connect(settings().risk_dsn.get_secret_value()) as connection:
        asked = "SELECT query FROM pg_stat_activity WHERE application_name = 'acude-risco' AND backend_xmin IS NOT NULL"
        queries = [query for (query,) in connection.execute(asked)]
    rest = list(pieces)
    store.close()
    assert len(first) == 1
    assert sorted([*first, *(row for piece in rest for row in piece)]) == [(one,) for one in IDS]
    assert any(query.startswith("FETCH FORWARD 1 ") for query in queries)


@pytest.mark.usefixtures("platform")
def test_a_decision_that_was_replayed_from_the_dead_letters_is_no_second_one() -> None:
    day, noon = date(2009, 5, 20), datetime(2009, 5, 20, 12, tzinfo=UTC)
    common = {"topico": DECISIONS.name, "timestamp": noon}
    original = {"topico_original": DECISIONS.name, "particao_original": 0, "deslocamento_original": 3}
    header = {"chave": HEADER, "valor": b"decisoes_risco/0/3"}
    write("silver.duplicatas", [common | original | {"deslocamento": one, "id_evento": "p"} for one in (7, 8)])
    replayed, second = common | {"deslocamento": 7, "cabecalhos": [header]}, common | {"deslocamento": 8}
    write("bronze.eventos", [replayed, second])
    assert list(payments._again(settings(), day, datetime.now(UTC))) == ["decisoes_risco/0/8"]
