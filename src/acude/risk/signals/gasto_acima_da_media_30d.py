"""A day's spending beside the month's."""

from acude.risk.velocity import Past


def gasto_acima_da_media_30d(past: Past, *, vezes: float, transacoes: int) -> bool:
    """The payer spent within 24 hours many times what one of their payments was in the 29 days around them.

    A mean per payment and not per day: one purchase a month exceeds any daily mean. It needs `transacoes` earlier ones.
    """
    count = past.count("pagador", "30d") - past.count("pagador", "1d")
    if past.payment.is_refund or count < max(transacoes, 1):
        return False
    today = past.sum("pagador", "1d")
    mean = (past.sum("pagador", "30d") - today) / count
    return mean > 0 and today >= vezes * mean
