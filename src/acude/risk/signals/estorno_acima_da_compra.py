"""A refund of too much."""

from acude.risk.velocity import Past


def estorno_acima_da_compra(past: Past, *, excesso_brl: float) -> bool:
    """The payer's refunds from this receiver are more than what they paid it in 30 days.

    Where they paid it nothing, the rule is another one: `estorno_sem_compra`.
    """
    cents = past.together("pagador", "recebedor", "30d")["cents"]
    if not past.payment.is_refund or not (cents > 0).any():
        return False
    return -int(cents.sum() + past.own["cents"]) / 100 >= excesso_brl
