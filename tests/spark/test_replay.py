"""Pairs of decisions, counted: what was decided, what a candidate says, what came to light."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from acude.risk_history.replay import cells, counted_pairs

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 1, 13, tzinfo=UTC)
LIVE = (
    "id_cliente string, id_transacao string, decisao string, valor decimal(18,2), timestamp timestamp, "
    "transacao_em timestamp, particao int, deslocamento bigint"
)
CLIENT: str | None = None
CANDIDATE = "id_cliente string, id_transacao string, decisao string, valor decimal(18,2), defeito boolean"
DISPUTES = "id_cliente string, id_transacao string, resultado string, timestamp timestamp"

Make = Callable[..., DataFrame]


@pytest.fixture
def live(spark: SparkSession) -> Make:
    """Decisions as (payment, decision[, when]), 10.00 each, on payments made at noon."""
    return lambda *rows: spark.createDataFrame(
        [
            (CLIENT, one, decision, Decimal(10), *(more or [NOON]), NOON, 0, number)
            for number, (one, decision, *more) in enumerate(rows)
        ],
        LIVE,
    )


@pytest.fixture
def candidate(spark: SparkSession) -> Make:
    """What a candidate says as (payment, decision[, whether it failed])."""
    return lambda *rows: spark.createDataFrame(
        [(CLIENT, one, decision, Decimal(10), *(more or [False])) for one, decision, *more in rows], CANDIDATE
    )


@pytest.fixture
def disputes(spark: SparkSession) -> Make:
    return lambda *rows: spark.createDataFrame([(CLIENT, *row) for row in rows], DISPUTES)


def counted(*arguments: Any, **more: Any) -> set[tuple[str, str, str, int, int]]:  # noqa: ANN401
    return {(*cell[:4], int(cell.valor)) for cell in cells(counted_pairs(*arguments, **more))}


def test_payments_with_the_same_pair_of_decisions_are_counted_together(live: Make, candidate: Make) -> None:
    decided = live(("a", "aprovar"), ("b", "aprovar"), ("c", "negar"))
    said = candidate(("a", "negar"), ("b", "negar"), ("c", "negar"))
    assert counted(decided, said) == {
        ("aprovar", "negar", "desconhecida", 2, 20),
        ("negar", "negar", "desconhecida", 1, 10),
    }


def test_the_first_decision_on_a_payment_holds(live: Make, candidate: Make) -> None:
    decided = live(("a", "negar", LATER), ("a", "aprovar", NOON))
    assert counted(decided, candidate(("a", "aprovar"))) == {("aprovar", "aprovar", "desconhecida", 1, 10)}


def test_clients_with_the_same_id_have_a_decision_each(live: Make, candidate: Make) -> None:
    ours, theirs = (live(("a", decision)).withColumn("id_cliente", f.lit(who)) for who, decision in OF_CLIENTS)
    said = candidate(("a", "negar")).withColumn("id_cliente", f.lit("outra"))
    assert counted(ours.unionAll(theirs), said) == {
        ("aprovar", "sem_decisao", "desconhecida", 1, 10),
        ("revisar", "negar", "desconhecida", 1, 10),
    }


OF_CLIENTS = (("loja", "aprovar"), ("outra", "revisar"))


def test_of_two_decisions_of_one_instant_the_first_on_the_topic_holds(live: Make, candidate: Make) -> None:
    decided = live(("a", "revisar", NOON), ("a", "aprovar", NOON))
    assert counted(decided, candidate(("a", "aprovar"))) == {("revisar", "aprovar", "desconhecida", 1, 10)}


def test_a_payment_that_one_side_has_not_decided_is_told(live: Make, candidate: Make) -> None:
    assert counted(live(("a", "negar")), candidate(("b", "aprovar"))) == {
        ("negar", "sem_decisao", "desconhecida", 1, 10),
        ("sem_decisao", "aprovar", "desconhecida", 1, 10),
    }


def test_a_candidates_failures_are_counted_with_their_pair(live: Make, candidate: Make) -> None:
    decided = live(("a", "aprovar"), ("b", "aprovar"), ("c", "negar"))
    said = candidate(("a", "revisar", True), ("b", "revisar"), ("d", "revisar", True))
    found = {(one.viva, one.candidata): one.defeitos for one in cells(counted_pairs(decided, said))}
    assert found == {("aprovar", "revisar"): 1, ("negar", "sem_decisao"): 0, ("sem_decisao", "revisar"): 1}


def test_the_last_word_on_a_payment_holds(live: Make, candidate: Make, disputes: Make) -> None:
    known = disputes(("a", "fraude", NOON), ("a", "honesta", LATER), ("b", "honesta", NOON), ("b", "fraude", LATER))
    decided, said = live(("a", "negar"), ("b", "negar")), candidate(("a", "aprovar"), ("b", "aprovar"))
    assert counted(decided, said, known) == {
        ("negar", "aprovar", "honesta", 1, 10),
        ("negar", "aprovar", "fraude", 1, 10),
    }


def test_a_dispute_is_about_its_clients_payment(live: Make, candidate: Make, disputes: Make) -> None:
    ours, theirs = (live(("a", decision)).withColumn("id_cliente", f.lit(who)) for who, decision in OF_CLIENTS)
    known = disputes(("a", "fraude", NOON)).withColumn("id_cliente", f.lit("outra"))
    said = candidate(("a", "negar")).withColumn("id_cliente", f.lit("loja"))
    assert counted(ours.unionAll(theirs), said, known) == {
        ("aprovar", "negar", "desconhecida", 1, 10),
        ("revisar", "sem_decisao", "fraude", 1, 10),
    }


def test_of_two_words_of_one_instant_the_fraud_holds(live: Make, candidate: Make, disputes: Make) -> None:
    known = disputes(("a", "fraude", NOON), ("a", "honesta", NOON), ("b", "honesta", NOON), ("b", "fraude", NOON))
    decided, said = live(("a", "negar"), ("b", "negar")), candidate(("a", "aprovar"), ("b", "aprovar"))
    assert counted(decided, said, known) == {("negar", "aprovar", "fraude", 2, 20)}


@pytest.mark.parametrize(
    ("decision", "settled_before", "label"),
    [
        ("aprovar", LATER, "honesta"),
        ("aprovar", NOON, "desconhecida"),
        ("aprovar", None, "desconhecida"),
        ("revisar", LATER, "desconhecida"),
        ("negar", LATER, "desconhecida"),
    ],
)
def test_silence_means_honest_of_an_approved_payment_that_is_old_enough(
    live: Make, candidate: Make, disputes: Make, *, decision: str, settled_before: datetime | None, label: str
) -> None:
    other = disputes(("x", "fraude", NOON))
    found = counted(live(("a", decision)), candidate(("a", "negar")), other, settled_before=settled_before)
    assert found == {(decision, "negar", label, 1, 10)}
