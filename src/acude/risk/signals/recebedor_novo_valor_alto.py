"""A high amount to a receiver whom the payer never paid."""

from acude.risk.velocity import Past


def recebedor_novo_valor_alto(past: Past, *, valor_brl: float) -> bool:
    """A payer with a past pays a high amount to a receiver never paid before."""
    if past.payment.is_refund or float(past.payment.valor) < valor_brl:
        return False
    return past.is_new("pagador", "recebedor")
