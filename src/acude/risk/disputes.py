"""Disputes on a payment: the last word holds, for the workers as for the lake."""

from typing import Final, NamedTuple

from acude.risk.first_decision import PaymentKey

LAST_WORD: Final = (("timestamp", "descending"), ("resultado", "ascending"))
"""The order of the disputes on a payment. The first one holds: the latest, and of several at one time `fraude`."""


class Fraud(NamedTuple):
    """What a dispute says of a payment at a terminal.

    Attributes:
        payment: the payment's client and id.
        id_terminal: where it was made.
        at_us: when, microseconds since 1970, UTC.
        said_us: when it came to light.
        honest: the payment was suspected, and was no fraud.
    """

    payment: PaymentKey
    id_terminal: str
    at_us: int
    said_us: int
    honest: bool = False

    @property
    def word(self) -> int:
        """Of the disputes on a payment the one with the highest number holds: the order of `LAST_WORD`.

        >>> Fraud(("", "t-1"), "pos-1", 0, 7).word > Fraud(("", "t-1"), "pos-1", 0, 7, honest=True).word
        True
        """
        return 2 * self.said_us + (not self.honest)
