"""Pix by night."""

from typing import Final

from acude.risk.velocity import Past

_NIGHT: Final = frozenset({20, 21, 22, 23, 0, 1, 2, 3, 4, 5})
"""20h to 6h: the Central Bank's night, in which banks limit Pix (Resolução BCB 142/2021)."""


def pix_noturno_alto(past: Past, *, valor_brl: float) -> bool:
    """A high Pix between 20h and 6h where the payer is, the hours of robberies and forced transfers."""
    payment = past.payment
    if payment.tipo_pagamento != "pix" or payment.is_refund:
        return False
    return payment.local_hour in _NIGHT and float(payment.valor) >= valor_brl
