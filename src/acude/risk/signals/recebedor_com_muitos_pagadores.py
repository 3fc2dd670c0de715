"""Mule accounts: payers in a burst."""

from acude.risk.velocity import Past


def recebedor_com_muitos_pagadores(past: Past, *, pagadores: int, parte_na_hora: float) -> bool:
    """Many accounts send Pix to a receiver who had little before this hour, as to a mule account.

    `parte_na_hora` is the hour's share (0 to 1) of the receiver's 30 days: a busy shop has many payers too, but always.
    """
    if past.payment.tipo_pagamento != "pix" or past.payment.is_refund:
        return False
    share = past.count("recebedor", "1h") / past.count("recebedor", "30d")
    return share >= parte_na_hora and past.distinct("recebedor", "pagador", "1h") >= pagadores
