"""The first purchase of a payer."""

from acude.risk.velocity import Past


def primeira_compra_alta(past: Past, *, valor_brl: float) -> bool:
    """A payer who paid nothing for 30 days begins with a high amount."""
    if past.payment.is_refund or not past.complete:
        return False
    return past.count("pagador", "30d") == 1 and float(past.payment.valor) >= valor_brl
