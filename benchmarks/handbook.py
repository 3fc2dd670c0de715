"""Card payments with known frauds: the process of the Fraud Detection Handbook, drawn as its authors drew it.

*Reproducible Machine Learning for Credit Card Fraud Detection* (Le Borgne, Siblini, Lebichot, Bontempi) publishes
scores of models on this process. The same draws in the same order give the very same payments, so that our scores stand
beside theirs; therefore the old generators, NumPy's `RandomState` and Python's `random`, whose streams never change.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from acude.risk.payment import Payment
from acude.simulator.payments.documents import cpf

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

HIGH_AMOUNT: Final = 1
BAD_TERMINAL: Final = 2
BAD_CUSTOMER: Final = 3
"""The three kinds of fraud, as `Transactions.scenario` has them; 0 is honest."""

_DAY_S: Final = 86_400
_HIGH_CENTS: Final = 220_00
_BRASILIA: Final = timedelta(hours=3)
"""The process knows one clock; it is taken for Brasília's, three hours behind UTC."""


@dataclass(frozen=True)
class Setting:
    """How large the process is; as it stands, the published one."""

    customers: int = 5_000
    terminals: int = 10_000
    days: int = 183
    radius: float = 5.0
    start: date = date(2018, 4, 1)


@dataclass(frozen=True)
class Customers:
    """Who pays: place on the grid, mean amount, mean payments a day; an array entry each."""

    place: Floats
    amount: Floats
    a_day: Floats


@dataclass(frozen=True)
class Transactions:
    """Payments in the order of time, an array entry each.

    Attributes:
        start: the day whose midnight is time 0.
        second: seconds since then, by the customer's clock.
        customer: number of the customer.
        terminal: number of the terminal.
        cents: amount in hundredths.
        scenario: 0 for an honest payment, else which of the three kinds of fraud it is.
    """

    start: date
    second: Integers
    customer: Integers
    terminal: Integers
    cents: Integers
    scenario: Integers = field(default_factory=lambda: np.empty(0, np.int64))

    def __len__(self) -> int:
        return len(self.second)

    @property
    def day(self) -> Integers:
        """Days since the start."""
        return self.second // _DAY_S

    @property
    def fraud(self) -> npt.NDArray[np.bool_]:
        """Whether each is a fraud."""
        return self.scenario > 0

    def take(self, rows: Integers | npt.NDArray[np.bool_] | slice) -> "Transactions":
        """Some of them: positions in the order of time, or a mask."""
        names = ("second", "customer", "terminal", "cents", "scenario")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})


def generate(setting: Setting = Setting()) -> Transactions:
    """All payments of the process, frauds included. The published setting takes about ten seconds.

    >>> len(generate(Setting(customers=20, terminals=400, days=3, radius=10)))
    101
    """
    customers, terminals = _customers(setting.customers), _terminals(setting.terminals)
    columns = [
        _paid(number, customers, _in_range(customers.place[number], terminals, setting.radius), setting.days)
        for number in range(setting.customers)
    ]
    second, customer, terminal, cents = np.concatenate(columns, axis=1)
    order = np.argsort(second, kind="stable")
    honest = Transactions(setting.start, second[order], customer[order], terminal[order], cents[order])
    return _with_frauds(honest, setting)


def payments(transactions: Transactions) -> Iterator[Payment]:
    """The same payments as the product sees them: credit cards at terminals, times in UTC, no places.

    Of the 42 amounts that the process rounds to 0.00 each becomes 0.01, the least that a payment may be.
    """
    begin = midnight(transactions.start)
    columns = (transactions.second, transactions.customer, transactions.terminal, transactions.cents)
    for second, customer, terminal, cents in zip(*(column.tolist() for column in columns), strict=True):
        yield Payment(
            id_transacao=f"t{second}.{customer}.{terminal}.{cents}",
            tipo_pagamento="credito",
            operacao="pagamento",
            valor=Decimal(max(cents, 1)).scaleb(-2),
            moeda="BRL",
            timestamp=begin + timedelta(seconds=second),
            id_pagador=f"c{customer}",
            documento_pagador=_document(customer),
            id_recebedor=f"r{terminal}",
            uf="SP",
            id_terminal=f"m{terminal}",
            token_cartao=f"tok_{customer:016d}",
            entrada="chip",
        )


def midnight(day: date) -> datetime:
    """When a day of the process begins, UTC.

    >>> midnight(date(2018, 7, 25)).isoformat()
    '2018-07-25T03:00:00+00:00'
    """
    return datetime.combine(day, datetime.min.time(), UTC) + _BRASILIA


def _customers(count: int) -> Customers:
    drawn = np.random.RandomState(0).uniform((0, 0, 5, 0), (100, 100, 100, 4), (count, 4))
    return Customers(drawn[:, :2], drawn[:, 2], drawn[:, 3])


def _terminals(count: int) -> Floats:
    return np.random.RandomState(1).uniform(0, 100, (count, 2))


def _in_range(place: Floats, terminals: Floats, radius: float) -> list[int]:
    near = np.flatnonzero(np.abs(terminals[:, 0] - place[0]) < radius)
    distance = np.sqrt(np.square(place - terminals[near]).sum(axis=1))
    found: list[int] = near[distance < radius].tolist()
    return found


def _paid(number: int, customers: Customers, terminals: list[int], days: int) -> Integers:
    """A customer's payments: second, customer, terminal, cents. Each draw depends on the ones before: no vector."""
    if not terminals:
        return np.empty((4, 0), np.int64)
    numpy, python = np.random.RandomState(number), random.Random(number)  # noqa: S311 - no secret
    mean, a_day = float(customers.amount[number]), float(customers.a_day[number])
    seconds, places, amounts = [], [], []
    for day in range(days):
        for _ in range(numpy.poisson(a_day)):
            second = int(numpy.normal(_DAY_S / 2, 20_000))
            if 0 < second < _DAY_S:
                amount = numpy.normal(mean, mean / 2)
                amounts.append(amount if amount >= 0 else numpy.uniform(0, mean * 2))
                seconds.append(day * _DAY_S + second)
                places.append(python.choice(terminals))
    cents = np.rint(np.round(amounts, 2) * 100).astype(np.int64)
    return np.array([seconds, np.full(len(seconds), number), places, cents], np.int64)


def _with_frauds(honest: Transactions, setting: Setting) -> Transactions:
    """The three kinds, the later one outweighing: high amounts, compromised terminals, compromised customers."""
    cents, scenario = honest.cents.copy(), np.where(honest.cents > _HIGH_CENTS, HIGH_AMOUNT, 0)
    day, last = honest.day, int(honest.day.max(initial=0))
    for today in range(last):
        window = _days(day, today, 28)
        bad = np.random.RandomState(today).choice(setting.terminals, 2, replace=False)
        scenario[window][np.isin(honest.terminal[window], bad)] = BAD_TERMINAL
    for today in range(last):
        window = _days(day, today, 14)
        bad = np.random.RandomState(today).choice(setting.customers, 3, replace=False)
        theirs = (np.flatnonzero(np.isin(honest.customer[window], bad)) + window.start).tolist()
        chosen = random.Random(today).sample(theirs, len(theirs) // 3)  # noqa: S311 - no secret
        cents[chosen] *= 5
        scenario[chosen] = BAD_CUSTOMER
    return replace(honest, cents=cents, scenario=scenario)


def _days(day: Integers, first: int, count: int) -> slice:
    begin, end = np.searchsorted(day, (first, first + count))
    return slice(int(begin), int(end))


@cache
def _document(customer: int) -> str:
    """A CPF with right check digits."""
    return cpf(customer + 100_000_000)
