"""A card that the payer never used."""

from acude.risk.velocity import Past


def cartao_novo_para_pagador(past: Past, *, valor_brl: float) -> bool:
    """The payer, who paid with another card before, pays a considerable amount with a new one.

    A payer of Pix and boleto alone changes the means, not the card.
    """
    if past.payment.is_refund or float(past.payment.valor) < valor_brl:
        return False
    return past.is_new("pagador", "cartao") and bool(past.near("pagador")["cartao"].any())
