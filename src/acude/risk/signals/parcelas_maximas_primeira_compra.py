"""Instalments of a first purchase."""

from acude.risk.velocity import Past


def parcelas_maximas_primeira_compra(past: Past, *, parcelas: int, valor_brl: float) -> bool:
    """A payer who paid nothing for 30 days begins with a considerable amount in as many instalments as there are."""
    payment = past.payment
    if payment.parcelas is None or payment.is_refund or not past.complete:
        return False
    first = past.count("pagador", "30d") == 1
    return first and payment.parcelas >= parcelas and float(payment.valor) >= valor_brl
