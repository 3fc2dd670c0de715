"""Mule accounts: much money at once."""

from acude.risk.velocity import Past


def recebedor_recem_movimentado(past: Past, *, valor_brl: float, transacoes: int) -> bool:
    """A receiver without any movement until a day ago takes in much money in several payments, as a mule account does.

    Without any movement: in the 30 days.
    """
    if past.payment.is_refund or not past.complete:
        return False
    count = past.count("recebedor", "1d")
    if count < transacoes or count < past.count("recebedor", "30d"):
        return False
    return past.sum("recebedor", "1d") >= valor_brl
