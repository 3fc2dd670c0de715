"""Pix to one receiver again and again."""

from acude.risk.velocity import Past


def pix_repetido_mesmo_recebedor(past: Past, *, transacoes: int) -> bool:
    """The payer pays the same receiver by Pix again and again within an hour, as to stay below a limit."""
    if past.payment.tipo_pagamento != "pix" or past.payment.is_refund:
        return False
    earlier = past.together("pagador", "recebedor", "1h")
    return int((earlier["cents"] > 0).sum()) + 1 >= transacoes
