"""Disputes on a payment: the latest holds, for the workers as for the lake.

A payment is known by its client and its id. Of the disputes on it the one that came to light last holds, and of several
of one moment the one that says `fraude`; when they arrive does not matter. The order is here, and applied by:

- Valkey, for the workers: `acude.payments.velocity_disputes.lua`, of the disputes that name a terminal;
- Python, where past payments are decided again: `acude.risk_history.known_pasts.Pasts`;
- Spark, for labels: `acude.risk_history.disputes`.
"""

from typing import Final, NamedTuple

from acude.risk.first_decision import PaymentKey

LAST_FIRST: Final = (("timestamp", "descending"), ("resultado", "ascending"))
"""The columns that order the disputes on a payment, the one that holds first."""


class Dispute(NamedTuple):
    """What is known of a payment at a terminal.

    Attributes:
        payment: the payment's client and id.
        id_terminal: where it was made.
        at_us: when, microseconds since 1970, UTC.
        known_at_us: when it came to light.
        honest: the payment was suspected, and was no fraud; a fraud otherwise.
    """

    payment: PaymentKey
    id_terminal: str
    at_us: int
    known_at_us: int
    honest: bool = False

    @property
    def rank(self) -> int:
        """Of the disputes on a payment the one with the highest rank holds: the order of `LAST_FIRST` as a number.

        >>> Dispute(("", "t-1"), "pos-1", 0, 7).rank > Dispute(("", "t-1"), "pos-1", 0, 7, honest=True).rank
        True
        """
        return 2 * self.known_at_us + (not self.honest)
