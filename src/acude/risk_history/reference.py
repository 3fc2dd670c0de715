"""The reference of drift out of past days: how inputs, signals and scores were spread."""

from datetime import UTC, date, datetime

import numpy as np

from acude.errors import AcudeError
from acude.risk import drift, inputs
from acude.risk.drift import Reference
from acude.risk.velocity import KEPT
from acude.risk_history.payments import decisions_of, disputes, payments_of
from acude.risk_history.training import Replay
from acude.settings import Settings


class NoPaymentsError(AcudeError):
    """There are no payments on these days."""


def reference_of_days(config: Settings, first: date, last: date, most: int) -> Reference:
    """The reference of the payments made from `first` to `last`, both UTC days included.

    Args:
        config: where the lake is.
        first: day.
        last: day.
        most: the most payments to look at; of more, a sample taken evenly over the days.

    Raises:
        NoPaymentsError: there are none.
    """
    payments = sorted(payments_of(config, first - KEPT, last), key=lambda one: one.at_us)
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
    own = [one for one in payments if one.timestamp >= begin]
    if not own:
        raise NoPaymentsError(f"silver.transacoes has no payment of {first} to {last}.", "Choose days that it has.")
    frauds = disputes(config).frauds
    book = Replay(payments, [one.id_transacao in frauds for one in payments])
    places = np.linspace(0, len(own) - 1, min(most, len(own))).astype(int)
    matrix = np.array([inputs.vector(book.past(own[place])) for place in places], np.float32)
    decided = decisions_of(config, first, last)
    of_decisions = drift.of_decisions([one.score for one in decided], [one.motivos for one in decided])
    return Reference(
        desde=own[0].timestamp,
        ate=own[-1].timestamp,
        pagamentos=len(places),
        entradas=drift.of_inputs(inputs.NAMES, matrix) | (of_decisions if decided else {}),
    )
