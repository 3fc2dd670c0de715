"""The account's age."""

from datetime import timedelta

from acude.risk.velocity import Past


def conta_recente(past: Past, *, horas: float, valor_brl: float) -> bool:
    """An account that was opened hours ago pays a considerable amount.

    An account opened after its payment (clocks differ) is as recent as can be.
    """
    payment = past.payment
    if payment.conta_criada_em is None or payment.is_refund:
        return False
    return payment.timestamp - payment.conta_criada_em < timedelta(hours=horas) and float(payment.valor) >= valor_brl
