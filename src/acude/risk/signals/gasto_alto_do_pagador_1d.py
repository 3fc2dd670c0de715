"""The payer's spending of a day."""

from acude.risk.velocity import Past


def gasto_alto_do_pagador_1d(past: Past, *, valor_brl: float) -> bool:
    """The payer spent a high sum within 24 hours, refunds taken off."""
    return not past.payment.is_refund and past.sum("pagador", "1d") >= valor_brl
