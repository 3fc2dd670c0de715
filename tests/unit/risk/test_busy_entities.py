"""A busy entity: its newest payments as records, all others by the hour, and windows that miss none of them."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest

from acude.risk.history import HOUR_US, MOST_RECORDS, UNKNOWN, History, of_records, with_record
from acude.risk.inputs import NAMES, vector
from acude.risk.payment import RECORD, Payment, microseconds, record, records
from acude.risk.velocity import Past
from tests.unit.risk.pasts import NOON, payment


@pytest.fixture(scope="module")
def busy() -> list[Payment]:
    """4,000 payments of one payer at one terminal, one each quarter of an hour, so that records reach back ten days."""
    return paid(15, 4_000)


def paid(minutes: int, number: int) -> list[Payment]:
    """Payments at one terminal, each so many minutes before the one before it, the first at noon."""
    own = {"id_pagador": "ana", "id_terminal": "caixa"}
    return [
        payment(id_transacao=f"b-{n}", valor=str(n % 7 + 1), timestamp=NOON - timedelta(minutes=minutes * n), **own)
        for n in range(number)
    ]


def values(past: Past) -> dict[str, float]:
    """The model's inputs by name."""
    return dict(zip(NAMES, vector(past).tolist(), strict=True))


def history_of(payments: Sequence[Payment]) -> History:
    """Of one entity that all payments share, in the order in which they come."""
    history = UNKNOWN
    for one in payments:
        history = with_record(history, np.frombuffer(record(one), RECORD))
    return history


def test_the_last_payments_of_a_busy_entity_are_kept_and_the_others_by_the_hour() -> None:
    history = history_of(
        [payment(id_transacao=f"t-{n}", timestamp=NOON + timedelta(seconds=n)) for n in range(MOST_RECORDS + 2)]
    )
    assert len(history.rows) == MOST_RECORDS
    assert history.rows["at"][0] == microseconds(NOON + timedelta(seconds=2))
    cents = int(history.rows["cents"][0])
    assert history.hours.tolist() == [(microseconds(NOON) // HOUR_US * HOUR_US, 2, 2 * cents)]


@pytest.mark.parametrize("dated", [timedelta(minutes=4), timedelta(days=-13), timedelta()])
def test_payments_with_odd_dates_that_fill_a_memory_hide_none_that_come_later(dated: timedelta) -> None:
    flood = [
        payment(id_transacao=f"t{n}", timestamp=NOON + dated, carimbo_kafka=NOON + timedelta(milliseconds=n))
        for n in range(MOST_RECORDS + 5)
    ]
    trials = [
        payment(
            id_transacao=f"c{n}",
            timestamp=NOON + timedelta(seconds=10 + n),
            carimbo_kafka=NOON + timedelta(seconds=10 + n),
            valor="1.00",
            token_cartao=f"tok_{n}",
        )
        for n in range(6)
    ]
    past = Past(trials[-1], {"dispositivo": history_of([*flood, *trials[:-1]])})
    assert past.small("dispositivo", "1min", 5) == 6
    assert past.distinct("dispositivo", "cartao", "1min") == 6 + 1
    assert past.count("dispositivo", "1min") >= MOST_RECORDS


def test_of_arrivals_of_one_moment_the_same_are_kept_whichever_was_decided_first() -> None:
    many = [
        payment(id_transacao=f"t{n}", timestamp=NOON + timedelta(microseconds=n % 300), carimbo_kafka=NOON)
        for n in range(MOST_RECORDS + 200)
    ]
    whole = of_records(records([record(one) for one in many]))
    found = history_of([many[place] for place in np.random.default_rng(3).permutation(len(many))])
    assert (found.rows.tobytes(), found.hours.tobytes()) == (whole.rows.tobytes(), whole.hours.tobytes())


def test_a_busy_entitys_long_windows_are_whole(busy: list[Payment]) -> None:
    now, *earlier = busy
    history = history_of(earlier[::-1])
    assert len(history.rows) == MOST_RECORDS
    past = Past(now, {"pagador": history, "terminal": history})
    # Three payments are of the hour in which the longest window begins, behind its begin: that hour is left out.
    for window, number in {"1d": 96, "7d": 672, "30d": 2_880 - 3}.items():
        assert past.count("pagador", window) == number
        assert past.sum("pagador", window) == sum(n % 7 + 1 for n in range(number))
    for window, number in {"1d": 96, "7d": 672 - 3, "30d": 2_880 - 3}.items():
        assert past.delayed_count("terminal", window) == number


def test_the_order_in_which_payments_arrive_changes_no_history(busy: list[Payment]) -> None:
    some = busy[:1_500]
    whole = of_records(records([record(one) for one in some]))
    for seed in range(2):
        found = history_of([some[place] for place in np.random.default_rng(seed).permutation(len(some))])
        assert (found.rows.tobytes(), found.hours.tobytes()) == (whole.rows.tobytes(), whole.hours.tobytes())


def test_a_busy_terminals_frauds_are_a_share_of_all_its_payments(busy: list[Payment]) -> None:
    now, *earlier = busy
    # All of the last half day of which anything is known, and one that has no record any more.
    begin = 7 * 96
    bad = sorted(one.at_us for one in (*busy[begin : begin + 48], busy[begin + 2_000]))
    past = Past(now, {"terminal": history_of(earlier[::-1])}, np.array(bad, np.int64))
    assert past.fraud_share("terminal", "30d") == 49 / (2_880 - 3)
    found = values(past)
    assert found["terminal_fraudes_conhecidas"] == 49
    assert found["terminal_fraudes_seguidas"] == 48
    assert found["terminal_honestos_depois"] == 0
    # It is taken for the last of its hour.
    assert found["terminal_parte_desde"] in {np.float32(49 / number) for number in range(1_998, 2_002)}


def test_of_frauds_without_a_record_all_but_the_amount_is_known() -> None:
    """A payment each four minutes: what is known is a week old, and without records."""
    now, *earlier = paid(4, 13_000)
    begin = 7 * 360
    bad = sorted(one.at_us for one in earlier[begin + 20 : begin + 30])
    past = Past(now, {"terminal": history_of(earlier[::-1])}, np.array(bad, np.int64))
    assert past.delayed_count("terminal", "7d") == pytest.approx(7 * 360, abs=15)
    found = values(past)
    assert found["terminal_fraudes_conhecidas"] == 10
    assert found["terminal_fraudes_seguidas"] == 0
    assert found["terminal_honestos_depois"] == pytest.approx(20, abs=15)
    assert found["terminal_ultimo_honesto"] == pytest.approx(7, abs=1 / 12)
    assert np.isnan(found["terminal_menor_fraude"])


def test_what_has_left_the_longest_window_counts_nowhere(busy: list[Payment]) -> None:
    now = payment(timestamp=NOON + timedelta(days=38), id_terminal="caixa")
    past = Past(now, {"terminal": history_of(busy[::-1])})
    assert past.delayed_count("terminal", "30d") == 0
    assert past.count("terminal", "30d") == 1
