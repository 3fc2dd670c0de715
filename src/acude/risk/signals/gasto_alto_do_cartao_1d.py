"""The card's spending of a day."""

from acude.risk.velocity import Past


def gasto_alto_do_cartao_1d(past: Past, *, valor_brl: float) -> bool:
    """A high sum was spent with the card within 24 hours, refunds taken off."""
    return not past.payment.is_refund and past.sum("cartao", "1d") >= valor_brl
