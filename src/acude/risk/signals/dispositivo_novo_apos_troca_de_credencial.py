"""The two steps of an account takeover."""

from datetime import timedelta

from acude.risk.velocity import Past


def dispositivo_novo_apos_troca_de_credencial(past: Past, *, horas: float) -> bool:
    """The account's password, telephone or e-mail was changed, and a device never seen with it pays: a takeover."""
    changed_at = past.payment.credencial_alterada_em
    if changed_at is None or past.payment.is_refund:
        return False
    age = past.payment.timestamp - changed_at
    return timedelta(0) <= age < timedelta(hours=horas) and past.is_new("pagador", "dispositivo")
