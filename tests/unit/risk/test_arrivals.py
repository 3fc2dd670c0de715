"""The sender's clock against the broker's: payments that are dated far from each other and come together."""

from datetime import timedelta
from typing import Final

import pytest

from acude.payments.velocity_store import EntityHistory
from acude.risk.decision import Verdict, decide
from acude.risk.payment import Payment, record, records
from acude.risk.policy import read
from acude.risk.velocity import Past
from tests.unit.risk.pasts import DAY, HOUR, NOON, PIX, Fields, past_with, payment

POLICY: Final = read()


def burst(step_s: float, number: int = 14, **fields: object) -> list[Past]:
    """Pix of one payer to one receiver, dated so far apart, taken one a second; each with its past."""
    history, found = EntityHistory(), []
    shared: Fields = PIX | {"valor": "900.00"} | fields
    for n in range(number):
        own = payment(
            id_transacao=f"t{n}",
            timestamp=NOON + timedelta(seconds=n * step_s),
            carimbo_kafka=NOON + timedelta(seconds=n),
            **shared,
        )
        found.append(Past(own, history.of(own)))
        history.add(own)
    return found


@pytest.mark.parametrize("step_s", [-23 * HOUR, 23 * HOUR, -HOUR, DAY, -1, 0])
def test_payments_that_come_together_are_together_however_they_are_dated(step_s: float) -> None:
    as_dated, honest = burst(step_s), burst(1)
    for window in ("1min", "10min", "1h", "1d"):
        assert [past.count("pagador", window) for past in as_dated] == list(range(1, 15))
        assert [past.sum("pagador", window) for past in as_dated] == [900.0 * n for n in range(1, 15)]
    verdicts = [decide(past, POLICY).verdict for past in as_dated]
    assert verdicts == [decide(past, POLICY).verdict for past in honest]
    assert verdicts[-1] is Verdict.REVIEW


def test_imported_payments_are_as_far_apart_as_their_dates() -> None:
    pasts = burst(-23 * HOUR, importada=True)
    assert [past.count("pagador", "1h") for past in pasts] == [1] * 14
    assert {decide(past, POLICY).verdict for past in pasts} == {Verdict.APPROVE}


def test_an_import_hides_no_payment_that_comes_in_time() -> None:
    """What is imported counts by its date in the past of others, too."""
    rows = [payment(id_transacao=f"t{n}", timestamp=NOON - timedelta(seconds=n), importada=True) for n in range(1, 6)]
    own = payment(carimbo_kafka=NOON)
    assert past_with(own, rows).count("pagador", "1min") == 6


def test_payments_that_waited_for_the_broker_count_as_they_are_dated_too() -> None:
    """Made within a minute, taken hours apart."""
    rows = [
        payment(id_transacao=f"t{n}", timestamp=NOON - timedelta(seconds=n), carimbo_kafka=NOON + timedelta(hours=n))
        for n in range(1, 6)
    ]
    assert past_with(payment(carimbo_kafka=NOON + timedelta(hours=9)), rows).count("pagador", "1min") == 6


def test_a_record_of_a_former_version_arrived_at_its_own_time() -> None:
    own = payment(timestamp=NOON - timedelta(hours=1))
    later = payment(id_transacao="t1", carimbo_kafka=NOON)
    (old, new) = records([record(later), record(own)[:56]])
    assert (int(old["at"]), int(old["taken"])) == (own.at_us, own.at_us)
    assert int(new["taken"]) == later.taken_us


def test_a_payment_that_came_twice_is_there_once_as_it_came_first() -> None:
    twice = [payment(carimbo_kafka=NOON + timedelta(seconds=s)) for s in (5, 1, 3)]
    (found,) = records([record(one) for one in twice])
    assert int(found["taken"]) == twice[1].taken_us
    assert len(records([record(one) for one in (*twice, _other())])) == 2


def _other() -> Payment:
    return payment(id_transacao="t1")
