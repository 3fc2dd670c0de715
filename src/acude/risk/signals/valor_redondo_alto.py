"""Round amounts: people who empty an account choose them, prices seldom are."""

from typing import Final

from acude.risk.velocity import Past

_ROUND_BRL: Final = 100


def valor_redondo_alto(past: Past, *, valor_brl: float) -> bool:
    """The amount is high and a whole number of hundreds."""
    payment = past.payment
    return not payment.is_refund and float(payment.valor) >= valor_brl and payment.valor % _ROUND_BRL == 0
