"""Payments by minute in gold and PostgreSQL, against plain Python and the sums of silver."""

import random
from datetime import timedelta
from decimal import Decimal

from acude.orchestration.lag import lags
from tests.integration.payments.minutes.conftest import Shop
from tests.integration.payments.minutes.rows import DAY, MINUTE, NOON, SECOND, decision, payment, some_payments


def test_the_money_adds_up_whatever_came_in_which_batch(shop: Shop) -> None:
    chance = random.Random(5)  # noqa: S311 - not for secrets
    paid = some_payments(1_200)
    decided = [decision(row, chance.choices(["aprovar", "revisar", "negar"], [8, 1, 1])[0]) for row in paid[:-30]]
    chance.shuffle(paid)
    chance.shuffle(decided)
    for part in range(3):
        shop.pay(*paid[part::3])
        # Decisions of this batch's payments, of earlier ones', and of some that come only later.
        shop.decide(*decided[part::3])
        shop.count()
    shop.all_agree()
    silver = sum((row["valor"] for row in shop.lab.rows("silver.transacoes")), Decimal(0))
    (minutes,) = shop.ask("SELECT sum(valor) AS soma, sum(transacoes) AS quantas FROM pagamentos_minuto")
    (hours,) = shop.ask("SELECT sum(valor) AS soma, sum(transacoes) AS quantas FROM pagamentos_hora")
    assert silver == sum(row[1] for row in shop.gold().values()) == minutes["soma"] == hours["soma"]
    assert minutes["quantas"] == hours["quantas"] == len(paid)
    assert {key[-1] for key in shop.gold()} == {"aprovar", "revisar", "negar", "sem_decisao"}


def test_a_decision_in_a_later_batch_takes_its_payment_out_of_the_undecided(shop: Shop) -> None:
    paid = payment(NOON)
    shop.pay(paid)
    shop.count()
    assert [key[-1] for key in shop.minutes()] == ["sem_decisao"]
    shop.decide(decision(paid, "negar", after=2 * DAY))
    shop.count()
    assert [key[-1] for key in shop.minutes()] == ["negar"]
    shop.all_agree()


def test_a_decision_that_is_there_before_its_payment_counts_with_it(shop: Shop) -> None:
    paid = payment(NOON, uf=None)
    shop.decide(decision(paid, "revisar"))
    shop.count()
    assert shop.gold() == {}
    shop.pay(paid)
    shop.count()
    shop.all_agree()


def test_a_payment_that_was_decided_twice_counts_once_with_its_first_decision(shop: Shop) -> None:
    paid, other = payment(NOON), payment(NOON)
    shop.pay(paid, other)
    shop.decide(decision(paid, "aprovar"), decision(other, "aprovar"))
    shop.count()
    shop.decide(decision(paid, "negar", after=8 * DAY))
    # The same id at another time is no other payment.
    shop.decide(decision(paid | {"timestamp": NOON + MINUTE}, "negar"))
    shop.count()
    assert [(key[-1], row[0]) for key, row in shop.gold().items()] == [("aprovar", 2)]
    shop.all_agree()


def test_a_minute_that_gets_more_after_hours_is_written_again_and_its_neighbours_are_not(shop: Shop) -> None:
    first = [payment(NOON - 2 * DAY), payment(NOON - 2 * DAY + 5 * MINUTE), payment(NOON)]
    shop.pay(*first)
    shop.count()
    before = shop.gold()
    shop.pay(payment(NOON - 2 * DAY + SECOND, 333))
    shop.count()
    changed = {key for key, row in shop.gold().items() if before.get(key) != row}
    assert [key[0] for key in changed] == [NOON - 2 * DAY]
    shop.all_agree()


def test_a_batch_that_runs_again_writes_nothing(shop: Shop) -> None:
    paid = some_payments(50)
    shop.pay(*paid)
    shop.decide(*(decision(row, "aprovar") for row in paid[:25]))
    shop.count()
    version, loaded = shop.version(), shop.ask("SELECT * FROM pagamentos_cargas ORDER BY hora")
    shop.lab.delete_last_commit("_checkpoints/payments/")
    shop.count()
    assert shop.version() == version
    assert shop.ask("SELECT * FROM pagamentos_cargas ORDER BY hora") == loaded
    shop.all_agree()


def test_a_lost_checkpoint_counts_the_same(shop: Shop) -> None:
    shop.pay(*some_payments(50))
    shop.count()
    version = shop.version()
    shop.lab.delete("_checkpoints/payments/")
    shop.count()
    assert shop.version() == version
    shop.all_agree()


def test_payments_older_than_gold_keeps_are_left_out(shop: Shop) -> None:
    shop.pay(payment(NOON - 40 * DAY), payment(NOON))
    shop.count()
    assert [key[0] for key in shop.gold()] == [NOON]
    assert shop.minutes() == shop.gold()


def test_the_query_is_behind_the_table_whose_rows_wait(shop: Shop) -> None:
    def behind() -> dict[str, bool]:
        return {lag.source: lag.behind != timedelta() for lag in lags(shop.lab.config) if lag.reader == "payments"}

    paid = payment(NOON)
    shop.pay(paid)
    shop.decide(decision(paid, "aprovar"))
    shop.count()
    assert behind() == {"silver.transacoes": False, "silver.decisoes_risco": False}

    shop.decide(decision(paid, "negar", after=MINUTE))
    assert behind() == {"silver.transacoes": False, "silver.decisoes_risco": True}
