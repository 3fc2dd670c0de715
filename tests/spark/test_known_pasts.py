"""What a payment's worker knew: of payments the earlier ones in their order, of frauds what each dispute told it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as t

from acude.contracts.model import table
from acude.contracts.spark import spark_type
from acude.risk_history.known_pasts import Pasts, Silver, in_order
from acude.risk_history.payments import DECISIONS, DISPUTES, PAYMENTS
from tests.unit.risk.pasts import payment

NOON: Final = datetime(2026, 11, 1, 12, tzinfo=UTC)
Make = Callable[..., DataFrame]


@pytest.fixture
def rows(spark: SparkSession) -> Make:
    """Rows of a silver table, each a dictionary; what it lacks is null."""

    def build(name: str, *fields: dict[str, Any]) -> DataFrame:
        columns = table(name).columns
        ordered = [tuple(row.get(column.name) for column in columns) for row in fields]
        return spark.createDataFrame(
            ordered, t.StructType([t.StructField(column.name, spark_type(column)) for column in columns])
        )

    return build


def paid(number: int, payer: str, terminal: str, at: datetime) -> dict[str, Any]:
    own = payment(id_transacao=f"t{number}", id_pagador=payer, id_terminal=terminal, timestamp=at, carimbo_kafka=at)
    return msgspec.structs.asdict(own) | {"data": at.date(), "particao": 0, "deslocamento": number}


def told(number: int, of: int, result: str, terminal: str | None = None, seconds: int = 0) -> dict[str, Any]:
    at = NOON + timedelta(hours=1, seconds=number)
    return {
        "id_contestacao": f"c{number}",
        "id_transacao": f"t{of}",
        "resultado": result,
        "timestamp": NOON + timedelta(hours=1, seconds=seconds or number),
        "transacao_em": NOON + timedelta(seconds=of),
        "id_terminal": terminal,
        "carimbo_kafka": at,
        "data": at.date(),
        "particao": 0,
        "deslocamento": number,
    }


def frauds(rows: Make, *disputes: dict[str, Any], groups: int) -> dict[str, list[int]]:
    """Of each payer's payment at a terminal of its own, two hours later: which payments there it knew as frauds."""
    earlier = [paid(number, "outro", f"pos-{number % 2}", NOON + timedelta(seconds=number)) for number in range(6)]
    now = [paid(100 + n, f"pagador-{n}", f"pos-{n}", NOON + timedelta(hours=2, seconds=n)) for n in range(2)]
    silver = Silver(
        NOON.date(), NOON.date(), rows(PAYMENTS, *earlier, *now), rows(DECISIONS), rows(DISPUTES, *disputes)
    )
    found: dict[str, list[int]] = {}
    pasts = Pasts()
    for past, _ in pasts.of(in_order(silver, groups=groups).toArrow().to_pylist()):
        own = past.payment
        if own.id_pagador != "outro" and own.id_terminal:
            first = int(NOON.timestamp() * 1_000_000)
            found[own.id_terminal] = [(moment - first) // 1_000_000 for moment in past._frauds.tolist()]
    return found


@pytest.mark.parametrize("groups", [1, 4])
def test_a_fraud_is_known_at_the_terminal_that_the_last_dispute_names(rows: Make, groups: int) -> None:
    disputes = (
        told(1, 0, "fraude", "pos-0"),
        told(2, 2, "fraude", "pos-0"),
        told(3, 4, "fraude", "pos-0"),
        told(4, 2, "fraude", "pos-1"),
        told(5, 0, "honesta"),
        # It comes late: another one was later.
        told(6, 0, "fraude", "pos-0", seconds=2),
        told(7, 1, "honesta", "pos-1"),
    )
    assert frauds(rows, *disputes, groups=groups) == {"pos-0": [4], "pos-1": [2]}


def test_what_came_to_light_without_a_terminal_is_no_terminals_fraud(rows: Make) -> None:
    assert frauds(rows, told(1, 0, "fraude"), told(2, 2, "fraude", "pos-0"), groups=2) == {"pos-0": [2], "pos-1": []}


ARRIVED: Final = [
    # The broker's second, topic, partition, offset; in the order of arrival.
    (0, "transacoes_pix", 9, 9),
    (1, "transacoes", 0, 9),
    (1, "transacoes", 2, 7),
    (1, "transacoes", 10, 3),
    (1, "transacoes", 10, 20),
    (1, "transacoes_pix", 0, 1),
    (2, "transacoes", 0, 1),
]


@pytest.mark.parametrize("shuffled", [(6, 3, 1, 5, 0, 4, 2), (2, 4, 0, 5, 1, 3, 6), (6, 5, 4, 3, 2, 1, 0)])
def test_payments_that_a_worker_decided_at_one_moment_come_in_the_order_of_arrival(
    rows: Make, shuffled: tuple[int, ...]
) -> None:
    at = NOON + timedelta(minutes=1)
    payments, decisions = [], []
    for number in shuffled:
        second, topic, partition, offset = ARRIVED[number]
        place = {"topico": topic, "particao": partition, "deslocamento": offset}
        # The payments' own times, the other way round, order nothing.
        made = paid(number, "pagador", "pos-1", NOON - timedelta(seconds=number))
        payments.append(made | {"carimbo_kafka": NOON + timedelta(seconds=second)} | place)
        decided = {"id_transacao": f"t{number}", "transacao_em": made["timestamp"], "timestamp": at, "motivos": []}
        decisions.append(decided | {"particao": 0, "deslocamento": number, "carimbo_kafka": at, "data": at.date()})
    silver = Silver(NOON.date(), NOON.date(), rows(PAYMENTS, *payments), rows(DECISIONS, *decisions), rows(DISPUTES))
    found = in_order(silver).toArrow().to_pylist()
    assert {row["decidido_em"] for row in found} == {at}
    assert [row["id_transacao"] for row in found] == [f"t{number}" for number in range(len(ARRIVED))]
