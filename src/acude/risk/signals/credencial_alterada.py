"""A change of password, telephone or e-mail before the payment."""

from datetime import timedelta

from acude.risk.velocity import Past


def credencial_alterada(past: Past, *, horas: float, valor_brl: float) -> bool:
    """A high amount is paid shortly after the account's password, telephone or e-mail was changed."""
    payment = past.payment
    if payment.credencial_alterada_em is None or payment.is_refund:
        return False
    age = payment.timestamp - payment.credencial_alterada_em
    return timedelta(0) <= age < timedelta(hours=horas) and float(payment.valor) >= valor_brl
