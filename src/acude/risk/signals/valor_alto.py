"""What the amount alone says."""

from acude.risk.velocity import Past


def valor_alto(past: Past, *, valor_brl: float) -> bool:
    """The payment's amount is high."""
    return not past.payment.is_refund and float(past.payment.valor) >= valor_brl
