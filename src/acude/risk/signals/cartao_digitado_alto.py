"""Typed card numbers."""

from acude.risk.velocity import Past


def cartao_digitado_alto(past: Past, *, valor_brl: float) -> bool:
    """A high amount is paid with a card whose number was typed in, not read."""
    payment = past.payment
    return payment.entrada == "digitada" and not payment.is_refund and float(payment.valor) >= valor_brl
