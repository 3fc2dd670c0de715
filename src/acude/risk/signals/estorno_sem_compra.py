"""A refund of nothing."""

from acude.risk.velocity import Past


def estorno_sem_compra(past: Past, *, valor_brl: float) -> bool:
    """A refund from a receiver whom this payer paid nothing in 30 days."""
    if not past.payment.is_refund or not past.complete or float(past.payment.valor) < valor_brl:
        return False
    return not (past.together("pagador", "recebedor", "30d")["cents"] > 0).any()
