"""Disputes on a payment: the latest holds, for the workers as for the lake.

A payment is known by its client and its id. Of the disputes on it the one that came to light last holds, and of several
of one moment the one that says `fraude`; when they arrive does not matter. Where it was made says the last of those
that name a terminal. The order is here, and applied by:

- Valkey, for the workers: `acude.payments.velocity_disputes.lua`;
- Python, where past payments are decided again: `Standing`;
- Spark, for labels: `acude.risk_history.disputes`.
"""

from typing import Final, NamedTuple

from acude.risk.first_decision import PaymentKey

LAST_FIRST: Final = (("timestamp", "descending"), ("resultado", "ascending"))
"""The columns that order the disputes on a payment, the one that holds first."""


class Dispute(NamedTuple):
    """What came to light of a payment.

    Attributes:
        payment: the payment's client and id.
        id_terminal: where it was made; None where the dispute does not say.
        at_us: when, microseconds since 1970, UTC.
        known_at_us: when it came to light.
        honest: the payment was suspected, and was no fraud; a fraud otherwise.
    """

    payment: PaymentKey
    id_terminal: str | None
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


class Standing(NamedTuple):
    """What holds of a payment after the disputes on it.

    Attributes:
        rank: of the dispute that holds.
        honest: what that says.
        named: rank of the last dispute that names a terminal.
        id_terminal: the terminal.
        at_us: when the payment was made there, microseconds since 1970, UTC.
    """

    rank: int = 0
    honest: bool = True
    named: int = 0
    id_terminal: str | None = None
    at_us: int = 0

    def after(self, dispute: Dispute) -> "Standing":
        """The same after one more. Of two disputes of one rank, which differ in the terminal alone, the later holds.

        >>> fraud, cleared = Dispute(("", "t-1"), "pos-1", 0, 7), Dispute(("", "t-1"), None, 0, 8, honest=True)
        >>> Standing().after(cleared).after(fraud) == Standing().after(fraud).after(cleared)
        True
        """
        found = self
        if dispute.rank >= self.rank:
            found = found._replace(rank=dispute.rank, honest=dispute.honest)
        if dispute.id_terminal and dispute.rank >= self.named:
            found = found._replace(named=dispute.rank, id_terminal=dispute.id_terminal, at_us=dispute.at_us)
        return found
