"""When a boleto is due."""

from datetime import timedelta
from typing import Final

from acude.risk.velocity import Past

_BRASILIA: Final = timedelta(hours=-3)
"""Banks settle by Brasília's day, wherever the payer is."""


def boleto_vencimento_imediato_alto(past: Past, *, dias: int, valor_brl: float) -> bool:
    """A boleto of a high amount is due at once, which leaves no time to check it."""
    payment = past.payment
    if payment.tipo_pagamento != "boleto" or payment.vencimento is None or payment.is_refund:
        return False
    today = (payment.timestamp + _BRASILIA).date()
    return (payment.vencimento - today).days <= dias and float(payment.valor) >= valor_brl
