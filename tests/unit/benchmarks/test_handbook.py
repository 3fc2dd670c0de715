from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest

from acude.risk.payment import Payment
from benchmarks.handbook import BAD_CUSTOMER, BAD_TERMINAL, HIGH_AMOUNT, Setting, Transactions, generate, payments

SMALL = Setting(customers=500, terminals=1_000, radius=15, days=60)


@pytest.fixture(scope="module")
def two_months() -> Transactions:
    return generate(SMALL)


@pytest.fixture(scope="module")
def published_days() -> Transactions:
    return generate(Setting(days=3))


def shares(transactions: Transactions) -> list[float]:
    counts: list[int] = np.bincount(transactions.scenario, minlength=4).tolist()
    return [count / len(transactions) for count in counts]


def test_the_first_payments_are_the_published_ones(published_days: Transactions) -> None:
    first = published_days.take(slice(0, 5))
    columns = (first.second, first.customer, first.terminal, first.cents)
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == [
        (31, 596, 3156, 57_16),
        (130, 4961, 3412, 81_51),
        (476, 2, 1365, 146_00),
        (569, 4128, 8737, 64_49),
        (634, 927, 9906, 50_99),
    ]


def test_there_are_as_many_payments_a_day_as_published(published_days: Transactions) -> None:
    assert np.bincount(published_days.day) == pytest.approx(1_754_155 / 183, rel=0.03)


def test_high_amounts_have_the_share_that_their_mean_gives(published_days: Transactions) -> None:
    high = (published_days.scenario == HIGH_AMOUNT).mean()
    assert high == pytest.approx(973 / 1_754_155, rel=0.5)


def test_bad_terminals_and_customers_have_the_shares_that_their_numbers_give(two_months: Transactions) -> None:
    later = two_months.take(two_months.day >= 28)
    assert shares(later)[BAD_TERMINAL] == pytest.approx(2 * 28 / SMALL.terminals, rel=0.2)
    assert shares(later)[BAD_CUSTOMER] == pytest.approx(3 * 14 / 3 / SMALL.customers, rel=0.2)


def test_the_same_setting_gives_the_same_payments_and_a_longer_one_begins_with_them(two_months: Transactions) -> None:
    month = generate(replace(SMALL, days=30))
    begin = two_months.take(two_months.day < 30)
    assert month.second.tolist() == begin.second.tolist()
    assert month.terminal.tolist() == begin.terminal.tolist()


def test_amounts_above_220_are_frauds(two_months: Transactions) -> None:
    assert two_months.fraud[two_months.cents > 220_00].all()
    kinds = two_months.scenario[two_months.fraud & (two_months.cents <= 220_00)]
    assert HIGH_AMOUNT not in kinds


def test_payments_come_in_the_order_of_time_within_their_days(two_months: Transactions) -> None:
    assert (np.diff(two_months.second) >= 0).all()
    assert two_months.day.max() == SMALL.days - 1


def test_a_customer_without_a_terminal_in_range_pays_nothing() -> None:
    assert len(generate(Setting(customers=3, terminals=2, days=2, radius=0.001))) == 0


def rows(*cents: int) -> Transactions:
    one = np.zeros(len(cents), np.int64)
    return Transactions(date(2018, 7, 25), one + 43_200, one + 596, one + 3156, np.array(cents, np.int64), one)


def test_a_row_is_a_card_payment_at_a_terminal_in_brasilias_time() -> None:
    assert list(payments(rows(57_16))) == [
        Payment(
            id_transacao="t43200.596.3156.5716",
            tipo_pagamento="credito",
            operacao="pagamento",
            valor=Decimal("57.16"),
            moeda="BRL",
            timestamp=datetime(2018, 7, 25, 15, tzinfo=UTC),
            id_pagador="c596",
            documento_pagador="10000059684",
            id_recebedor="r3156",
            uf="SP",
            id_terminal="m3156",
            token_cartao="tok_0000000000000596",
            entrada="chip",
        )
    ]


def test_an_amount_that_was_rounded_to_nothing_is_a_cent() -> None:
    assert [payment.valor for payment in payments(rows(0, 1))] == [Decimal("0.01"), Decimal("0.01")]
