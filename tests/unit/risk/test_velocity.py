"""The windows over a payment's past: what is in, what is out, and the same numbers as counting by hand."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import permutations, product
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acude.payments.velocity_store import EntityHistory
from acude.risk.history import UNKNOWN, with_record
from acude.risk.payment import ENTITIES, RECORD, Payment, record, records
from acude.risk.velocity import KEPT_US, LABEL_DELAY_US, WINDOWS, Past, distance_km
from tests.unit.risk.pasts import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    NOWHERE,
    REFUND,
    RIO,
    Fields,
    each,
    every,
    past_of,
    past_with,
    payment,
)

SECONDS: Final = [(name, length / 1_000_000) for name, length in WINDOWS.items()]
MICROSECOND: Final = 1e-6
WEEK: Final = LABEL_DELAY_US / 1_000_000
SAME_INSTANT: Final = [("a", 5), ("b", 5), ("c", 5), ("d", 9)]


def test_a_window_is_as_long_as_its_name_says() -> None:
    assert dict(SECONDS) == {
        "1min": MINUTE,
        "10min": 10 * MINUTE,
        "1h": HOUR,
        "1d": DAY,
        "7d": 7 * DAY,
        "30d": 30 * DAY,
    }
    assert WEEK == 7 * DAY


@pytest.mark.parametrize(("window", "length_s"), SECONDS)
def test_a_payment_exactly_a_window_ago_is_out(window: str, length_s: float) -> None:
    past = past_of((length_s, {}))
    assert past.count("pagador", window) == 1
    assert past.sum("pagador", window) == 100
    assert len(past.within("pagador", window)) == 0


@pytest.mark.parametrize(("window", "length_s"), SECONDS)
def test_a_payment_a_microsecond_younger_than_a_window_is_in(window: str, length_s: float) -> None:
    past = past_of((length_s - MICROSECOND, {}))
    assert past.count("pagador", window) == 2
    assert past.sum("pagador", window) == 200
    assert len(past.within("pagador", window)) == 1


def test_two_payments_of_a_microsecond_see_each_other() -> None:
    both = [payment(id_transacao="a"), payment(id_transacao="b")]
    assert [past_with(one, both).count("pagador", "1min") for one in both] == [2, 2]


def test_rows_come_in_the_order_of_time() -> None:
    own = payment()
    rows = [payment(id_transacao=f"t{n}", timestamp=NOON - timedelta(seconds=n // 3), valor=n) for n in range(1, 30)]
    forwards, backwards = past_with(own, rows), past_with(own, rows[::-1])
    assert forwards.near("pagador").tobytes() == backwards.near("pagador").tobytes()


@pytest.mark.parametrize("step_s", [-1, 1, 0])
def test_the_senders_clock_hides_no_payment_from_the_next(step_s: int) -> None:
    """Dates that descend are as fast as dates that ascend."""
    history = EntityHistory()
    for number in range(20):
        own = payment(id_transacao=f"t{number}", timestamp=NOON + timedelta(seconds=number * step_s))
        found = Past(own, history.of(own))
        assert [found.count(name, "1min") for name in ("pagador", "cartao")] == [number + 1] * 2
        assert found.sum("cartao", "1min") == 100 * (number + 1)
        history.add(own)


def test_a_payment_whose_record_is_stored_already_counts_once() -> None:
    own = payment()
    past = past_with(own, [own, payment(id_transacao="t0", timestamp=NOON - timedelta(seconds=1))])
    assert (past.count("pagador", "1min"), past.sum("pagador", "1min")) == (2, 200)


@pytest.mark.parametrize(("window", "length_s"), SECONDS)
def test_a_window_ends_as_it_begins(window: str, length_s: float) -> None:
    """What was decided before counts, also where it is dated later."""
    assert past_of((-length_s, {})).count("pagador", window) == 1
    assert past_of((MICROSECOND - length_s, {})).count("pagador", window) == 2


def test_a_device_that_a_later_dated_payment_used_is_known() -> None:
    past = past_of((-MICROSECOND, {}), (-MINUTE, {"id_dispositivo": "tablet"}), id_dispositivo="tablet")
    assert past.distinct("pagador", "dispositivo", "1h") == 2
    assert not past.is_new("pagador", "dispositivo")


def test_an_absent_entity_has_no_past() -> None:
    past = past_of(*every(1, 3), token_cartao=None)
    assert past.count("cartao", "1h") == 0
    assert past.sum("cartao", "1h") == 0
    assert past.mean("cartao", "1h") == 0
    assert past.distinct("cartao", "pagador", "1h") == 0
    assert past.small("cartao", "1h", 1000) == 0
    assert past.refunds("cartao", "1h") == 0
    assert not past.is_new("cartao", "pagador")


def test_without_the_store_every_window_holds_the_payment_alone() -> None:
    past = past_of(*every(1, 9), complete=False)
    for entity, window in product(ENTITIES, WINDOWS):
        assert past.count(entity, window) == 1
        assert past.sum(entity, window) == past.mean(entity, window) == 100
    assert [past.travel(name) for name in ("pagador", "cartao")] == [None, None]


def test_refunds_lower_the_sum_and_are_not_small_payments() -> None:
    past = past_of((1, {"valor": "4.00"}), (2, REFUND | {"valor": "3.00"}), valor="2.00")
    assert past.sum("pagador", "1h") == 3.0
    assert past.mean("pagador", "1h") == 1.0
    assert past.small("pagador", "1h", 4.00) == 1
    assert past.small("pagador", "1h", 4.01) == 2
    assert past.refunds("pagador", "1h") == 1


def test_centavos_are_added_exactly() -> None:
    assert past_of(*every(1, 9, valor="0.10"), valor="0.10").sum("pagador", "1h") == 1.0


def test_together_are_the_records_that_share_both() -> None:
    past = past_of((1, {}), (2, {"id_recebedor": "banca"}), (HOUR, {}))
    assert len(past.together("pagador", "recebedor", "1h")) == 1
    assert len(past_of((1, {}), id_terminal=None).together("pagador", "terminal", "1h")) == 0


def test_something_is_new_where_there_is_a_past_without_it() -> None:
    assert past_of((1, {}), id_dispositivo="tablet").is_new("pagador", "dispositivo")
    assert not past_of((1, {})).is_new("pagador", "dispositivo")
    assert not past_of((1, {}), id_dispositivo=None).is_new("pagador", "dispositivo")
    assert not past_of(id_dispositivo="tablet").is_new("pagador", "dispositivo")


def test_the_deviation_is_of_the_payments_before_this_one() -> None:
    amounts = [100, 200, 100, 200, 100, 200]
    assert past_of(*each(DAY, "valor", amounts), valor=300).deviation("pagador") == pytest.approx(3)
    assert past_of(*each(DAY, "valor", amounts), valor=50).deviation("pagador") == pytest.approx(-2)
    assert past_of(*each(DAY, "valor", amounts[:4]), valor=300).deviation("pagador") == 0
    assert past_of(*every(DAY, 6), valor=300).deviation("pagador") == 0


@pytest.mark.parametrize(
    ("start", "end", "km"),
    [
        pytest.param((-23.5505, -46.6333), (-22.9068, -43.1729), 361, id="São Paulo to Rio de Janeiro"),
        pytest.param((-23.5505, -46.6333), (-15.7939, -47.8828), 873, id="São Paulo to Brasília"),
        pytest.param((-23.5505, -46.6333), (-3.1190, -60.0217), 2690, id="São Paulo to Manaus"),
        pytest.param((-23.5505, -46.6333), (38.7223, -9.1393), 7940, id="São Paulo to Lisbon"),
        pytest.param((0, 179.5), (0, -179.5), 111, id="over the date line"),
        pytest.param((90, 0), (-90, 0), 20015, id="pole to pole"),
        pytest.param((-23.5505, -46.6333), (-23.5505, -46.6333), 0, id="on the spot"),
    ],
)
def test_distances_are_those_of_the_globe(start: tuple[float, float], end: tuple[float, float], km: float) -> None:
    assert distance_km(*start, *end) == pytest.approx(km, rel=0.005, abs=0.01)
    assert distance_km(*end, *start) == pytest.approx(distance_km(*start, *end))


def test_a_journey_begins_at_the_last_known_place() -> None:
    travel = past_of((3 * HOUR, {}), (2 * HOUR, RIO), (HOUR, NOWHERE)).travel("pagador")
    assert travel
    assert travel.distance_km == pytest.approx(361, abs=1)
    assert travel.hours == 2
    assert travel.speed_kmh == pytest.approx(180, abs=1)


def test_a_journey_is_the_faster_of_those_to_the_places_before_and_after() -> None:
    travel = past_of((3 * HOUR, {}), (-HOUR, RIO), (-2 * HOUR, {})).travel("pagador")
    assert travel
    assert travel.distance_km == pytest.approx(361, abs=1)
    assert travel.hours == 1


def test_a_journey_in_no_time_has_a_finite_speed() -> None:
    travel = past_of((MICROSECOND, RIO)).travel("cartao")
    assert travel
    assert travel.speed_kmh == pytest.approx(361 * 3600, rel=0.01)


@pytest.mark.parametrize("now", [NOWHERE, {"latitude": None}, {"longitude": None}])
def test_there_is_no_journey_to_an_unknown_place(now: Fields) -> None:
    assert past_of((HOUR, RIO), **now).travel("pagador") is None


@pytest.mark.parametrize(
    ("fraud_s", "share"),
    [
        pytest.param([], 0, id="none"),
        pytest.param([WEEK + DAY], 0.5, id="one of two"),
        pytest.param([WEEK + DAY, WEEK + 2 * DAY], 1, id="both"),
        pytest.param([WEEK - MICROSECOND], 0, id="not known yet"),
        pytest.param([WEEK], 0.5, id="known since this moment"),
        pytest.param([WEEK + 30 * DAY], 0, id="before the window"),
        pytest.param([WEEK + 30 * DAY - MICROSECOND], 0.5, id="at the window's beginning"),
    ],
)
def test_frauds_are_known_a_week_later(fraud_s: list[float], share: float) -> None:
    past = past_of((WEEK + DAY, {}), (WEEK + 2 * DAY, {}), (DAY, {}), (WEEK + 30 * DAY, {}), frauds=fraud_s)
    assert past.delayed_count("terminal", "30d") == 2
    assert past.fraud_share("terminal", "30d") == share


def test_a_terminal_without_payments_a_week_ago_has_no_share() -> None:
    assert past_of((DAY, {}), frauds=[WEEK + DAY]).fraud_share("terminal", "30d") == 0


NEAR_BORDERS: Final = sorted({length + step for length in (0, *WINDOWS.values()) for step in (-1, 0, 1)})
"""Ages in microseconds where off-by-one errors live."""


def payments(number: int) -> st.SearchStrategy[Payment]:
    return st.builds(
        lambda age_us, taken_us, **fields: payment(
            timestamp=NOON - timedelta(microseconds=age_us),
            carimbo_kafka=NOON - timedelta(microseconds=age_us if taken_us is None else taken_us),
            **fields,
        ),
        age_us=st.sampled_from(NEAR_BORDERS) | st.integers(-DAY * 1_000_000, KEPT_US),
        taken_us=st.none() | st.sampled_from(NEAR_BORDERS),
        importada=st.sampled_from([None, None, True, False]),
        id_transacao=st.just(f"t{number}"),
        operacao=st.sampled_from(["pagamento", "pagamento", "estorno"]),
        valor=st.decimals(Decimal("0.01"), 100_000_000, places=2),
        id_pagador=st.sampled_from(["ana", "bia"]),
        id_recebedor=st.sampled_from(["loja", "banca"]),
        token_cartao=st.sampled_from([None, "tok_azul", "tok_rosa"]),
        id_dispositivo=st.sampled_from([None, "celular", "tablet"]),
        id_terminal=st.sampled_from([None, "caixa"]),
        ip=st.sampled_from([None, "203.0.113.7", "2001:db8::1"]),
    )


def by_hand(own: Payment, decided: Sequence[Payment], entity: str, window: str) -> list[Payment]:
    """The payments of a window, by comparing each one's fields."""
    if own.entity(entity) is None:
        return []
    length = timedelta(microseconds=WINDOWS[window])

    def apart(row: Payment) -> timedelta:
        mine, theirs = (one.timestamp if one.importada else one.carimbo_kafka or NOON for one in (own, row))
        return min(abs(row.timestamp - own.timestamp), abs(theirs - mine))

    # Nothing of which is more than that away by its own time is looked at.
    known = (row for row in decided if abs(row.timestamp - own.timestamp) < timedelta(microseconds=KEPT_US))
    near = (row for row in known if apart(row) < length)
    return [*(row for row in near if row.entity(entity) == own.entity(entity)), own]


@settings(deadline=None, max_examples=60)
@given(payments(0), st.integers(0, 25).flatmap(lambda count: st.tuples(*(payments(n) for n in range(1, count + 1)))))
def test_windows_hold_what_counting_by_hand_finds(own: Payment, others: tuple[Payment, ...]) -> None:
    past = past_with(own, [*others, own])
    for entity, window in product(ENTITIES, WINDOWS):
        found = by_hand(own, others, entity, window)
        paid = [row.valor for row in found if not row.is_refund]
        returned = [row.valor for row in found if row.is_refund]
        assert past.count(entity, window) == len(found)
        assert past.sum(entity, window) == float(sum(paid, Decimal(0)) - sum(returned, Decimal(0)))
        assert past.small(entity, window, 1000) == sum(valor < 1000 for valor in paid)
        assert past.refunds(entity, window) == len(returned)
        for other in ENTITIES:
            assert past.distinct(entity, other, window) == len({row.entity(other) for row in found} - {None})


def test_payments_of_one_instant_have_one_order_in_a_history_whichever_was_decided_first() -> None:
    rows = [record(payment(id_transacao=name, timestamp=NOON - timedelta(seconds=s))) for name, s in SAME_INSTANT]
    for some in permutations(rows):
        history = UNKNOWN
        for one in (*some, some[0]):
            history = with_record(history, np.frombuffer(one, RECORD))
        assert history.rows.tobytes() == records(list(rows)).tobytes()


def test_what_a_batch_adds_to_its_history_is_in_the_order_that_the_store_would_give() -> None:
    mates = [payment(id_transacao=name, timestamp=NOON - timedelta(seconds=s)) for name, s in SAME_INSTANT]
    for some in permutations(mates):
        history = EntityHistory()
        for one in some:
            history.add(one)
        assert history.of(mates[0])["pagador"].rows.tobytes() == records([record(one) for one in mates]).tobytes()
