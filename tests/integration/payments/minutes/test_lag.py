"""How far the query that counts payments is behind its two sources."""

from datetime import timedelta

from acude.orchestration.lag import lags
from jobs.streaming.payments import DECISIONS, SOURCE
from tests.integration.payments.minutes.conftest import Shop
from tests.integration.payments.minutes.rows import NOON, decision, payment

NOTHING = timedelta()


def behind(shop: Shop) -> dict[str, timedelta]:
    found = [lag for lag in lags(shop.lab.config) if lag.reader == "payments"]
    return {lag.source: lag.behind for lag in found if lag.behind is not None}


def test_the_count_is_behind_each_source_of_its_own(shop: Shop) -> None:
    paid = payment(NOON)
    shop.pay(paid)
    shop.count()
    assert behind(shop) == {SOURCE: NOTHING, DECISIONS: NOTHING}
    shop.decide(decision(paid, "aprovar"))
    found = behind(shop)
    assert (found[SOURCE], found[DECISIONS] > NOTHING) == (NOTHING, True)
    shop.count()
    shop.pay(payment(NOON))
    found = behind(shop)
    assert (found[SOURCE] > NOTHING, found[DECISIONS]) == (True, NOTHING)
