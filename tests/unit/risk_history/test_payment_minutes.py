"""Which minutes are counted again, and what becomes of an hour's rows."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acude.risk_history.payment_minutes import (
    MINUTE,
    OF_DECISIONS,
    OF_PAYMENTS,
    by_hour,
    payments_per_minute,
    reads,
    renewed,
    spans,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
minutes = st.sets(st.integers(0, 3_000).map(lambda number: NOON + number * MINUTE), max_size=60)


@given(minutes)
def test_every_minute_lies_in_a_span_and_spans_do_not_touch(wanted: set[datetime]) -> None:
    found = spans(wanted)
    covered = {begin + number * MINUTE for begin, end in found for number in range((end - begin) // MINUTE)}
    assert wanted <= covered
    assert all(one.end < other.begin for one, other in pairwise(found))
    assert len(found) <= 24
    if len(found) > 1:
        assert covered == wanted


@given(minutes)
def test_reads_hold_each_minute_once_and_five_at_most(wanted: set[datetime]) -> None:
    found = [[minute for span in read for minute in span.minutes] for read in reads(sorted(wanted))]
    assert [minute for read in found for minute in read] == sorted(wanted)
    assert all(len(read) == 5 for read in found[:-1])
    assert all(1 <= len(read) <= 5 for read in found[-1:])


def test_many_scattered_minutes_are_one_span() -> None:
    found = spans(NOON + number * 2 * MINUTE for number in range(25))
    assert [(one.begin, one.end) for one in found] == [(NOON, NOON + 49 * MINUTE)]


def test_the_calendars_last_minute_has_no_end_and_is_left_out() -> None:
    last = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
    assert [one.minutes for one in spans([NOON, last])] == [[NOON], []]
    assert [one.minutes for one in spans([last - MINUTE, last])] == [[last - MINUTE]]


def test_minutes_belong_to_their_utc_hour() -> None:
    elsewhere = timezone(timedelta(hours=5, minutes=30))
    found = by_hour([NOON.astimezone(elsewhere), NOON - MINUTE, NOON + 59 * MINUTE])
    assert found == {NOON - 60 * MINUTE: [NOON - MINUTE], NOON: [NOON, NOON + 59 * MINUTE]}


def rows(*of: tuple[int, str, int]) -> pa.Table:
    kind = pa.schema([("janela_inicio", pa.timestamp("us", tz="UTC")), ("uf", pa.string()), ("n", pa.int64())])
    return pa.Table.from_pylist(
        [{"janela_inicio": NOON + minute * MINUTE, "uf": uf, "n": number} for minute, uf, number in of], kind
    )


def test_of_a_minute_that_was_counted_again_no_former_row_stays() -> None:
    before = rows((0, "SP", 1), (1, "RJ", 2), (1, "SP", 3))
    after = renewed(before, {NOON + MINUTE, NOON + 2 * MINUTE}, rows((1, "SP", 4)), ["janela_inicio", "uf"])
    assert after.equals(rows((0, "SP", 1), (1, "SP", 4)))


def test_the_same_again_gives_the_same_rows_in_the_same_order() -> None:
    before = rows((0, "AC", 1), (0, "SP", 2), (1, "SP", 3))
    again = renewed(before, {NOON}, rows((0, "SP", 2), (0, "AC", 1)), ["janela_inicio", "uf"])
    assert again.equals(before)


def paid(*of: tuple[str, datetime, str, str | None]) -> pa.Table:
    """Payments by Pix: id, time, amount, state."""
    kinds = {"timestamp": pa.timestamp("us", tz="UTC"), "valor": pa.decimal128(18, 2)}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in OF_PAYMENTS])
    same = {"tipo_pagamento": "pix", "operacao": "pagamento", "moeda": "BRL"}
    rows = [
        {"id_transacao": one, "timestamp": at, "valor": Decimal(amount), "uf": uf, **same} for one, at, amount, uf in of
    ]
    return pa.Table.from_pylist(rows, schema)


def decided(*of: tuple[str, datetime, str]) -> pa.Table:
    """Decisions, each a second after the one before: id and time of the payment, result."""
    return decided_at(*((*one, NOON + timedelta(seconds=number), 0, number) for number, one in enumerate(of)))


def decided_at(*of: tuple[str, datetime, str, datetime, int, int]) -> pa.Table:
    """Decisions, the last one first: id and time of the payment, result; its time, partition and offset."""
    kinds = {
        "transacao_em": pa.timestamp("us", tz="UTC"),
        "timestamp": pa.timestamp("us", tz="UTC"),
        "particao": pa.int32(),
        "deslocamento": pa.int64(),
    }
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in OF_DECISIONS])
    rows = [
        {
            "id_transacao": one,
            "transacao_em": at,
            "decisao": result,
            "timestamp": when,
            "particao": partition,
            "deslocamento": offset,
        }
        for one, at, result, when, partition, offset in of
    ]
    return pa.Table.from_pylist(rows[::-1], schema)


def counted(payments: pa.Table, decisions: pa.Table) -> list[tuple[object, ...]]:
    """Minute, state, result, number, sum, average, rate."""
    names = ("uf", "resultado", "transacoes", "valor", "media", "taxa_fraude")
    found = payments_per_minute(payments, decisions)
    return sorted(((row["janela_inicio"] - NOON) // MINUTE, *(str(row[name]) for name in names)) for row in found)


def test_a_minute_is_divided_by_what_was_decided() -> None:
    payments = paid(
        ("a", NOON, "10.00", "SP"),
        ("b", NOON + timedelta(seconds=59.999999), "0.01", "SP"),
        ("c", NOON, "5.00", "SP"),
        ("d", NOON, "7.00", "SP"),
        ("e", NOON + MINUTE, "1.00", None),
    )
    decisions = decided(
        ("a", NOON, "aprovar"), ("b", NOON + timedelta(seconds=59.999999), "aprovar"), ("c", NOON, "negar")
    )
    assert counted(payments, decisions) == [
        (0, "SP", "aprovar", "2", "10.01", "5.0050", "0.333333"),
        (0, "SP", "negar", "1", "5.00", "5.0000", "0.333333"),
        (0, "SP", "sem_decisao", "1", "7.00", "7.0000", "0.333333"),
        (1, "EX", "sem_decisao", "1", "1.00", "1.0000", "None"),
    ]


def test_the_first_decision_on_a_payment_stands_and_multiplies_nothing() -> None:
    decisions = decided(("a", NOON, "aprovar"), ("a", NOON, "negar"), ("a", NOON, "negar"))
    found = counted(paid(("a", NOON, "1.00", "SP")), decisions)
    assert found == [(0, "SP", "aprovar", "1", "1.00", "1.0000", "0.000000")]


@pytest.mark.parametrize(
    ("first", "second"), [((0, 9), (1, 2)), ((2, 9), (10, 9)), ((1, 2), (1, 9)), ((0, 9), (0, 10))]
)
@pytest.mark.parametrize("turned", [False, True])
def test_of_decisions_of_one_instant_the_first_on_the_topic_stands(
    first: tuple[int, int], second: tuple[int, int], *, turned: bool
) -> None:
    rows = [("a", NOON, "aprovar", NOON, *first), ("a", NOON, "negar", NOON, *second)]
    found = counted(paid(("a", NOON, "1.00", "SP")), decided_at(*(rows[::-1] if turned else rows)))
    assert [row[2] for row in found] == ["aprovar"]


def test_a_decision_on_another_payment_of_the_same_id_is_not_taken() -> None:
    found = counted(paid(("a", NOON, "1.00", "SP")), decided(("a", NOON + MINUTE, "negar")))
    assert [row[2] for row in found] == ["sem_decisao"]


def test_a_decision_is_on_its_own_clients_payment() -> None:
    payments, decisions = paid(("a", NOON, "1.00", "SP"), ("a", NOON, "2.00", "SP")), decided(("a", NOON, "negar"))
    payments = payments.set_column(0, "id_cliente", pa.array([None, "loja"]))
    assert [row[2:5:2] for row in counted(payments, decisions)] == [("negar", "1.00"), ("sem_decisao", "2.00")]
    decisions = decisions.set_column(0, "id_cliente", pa.array(["loja"]))
    assert [row[2:5:2] for row in counted(payments, decisions)] == [("negar", "2.00"), ("sem_decisao", "1.00")]


def test_averages_are_rounded_once_and_half_up() -> None:
    payments = paid(*((f"p{n}", NOON, "0.01", "SP") for n in range(7)), ("q", NOON, "0.02", "SP"))
    # 0.09 / 8 = 0.01125
    assert [row[5] for row in counted(payments, decided())] == ["0.0113"]


def test_no_rows_give_no_minutes() -> None:
    assert counted(paid(), decided()) == []
    assert counted(paid(), decided(("a", NOON, "negar"))) == []
