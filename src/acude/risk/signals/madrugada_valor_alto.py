"""Payments in the small hours."""

from typing import Final

from acude.risk.velocity import Past

_SMALL_HOURS: Final = range(6)
"""0h to 6h."""


def madrugada_valor_alto(past: Past, *, valor_brl: float) -> bool:
    """A high amount is paid between 0h and 6h where the payer is, when card holders sleep."""
    payment = past.payment
    return not payment.is_refund and payment.local_hour in _SMALL_HOURS and float(payment.valor) >= valor_brl
