"""A high amount from a device that the payer never used."""

from acude.risk.velocity import Past


def dispositivo_novo_valor_alto(past: Past, *, valor_brl: float) -> bool:
    """A high amount is paid from a device never seen with the account."""
    if past.payment.is_refund or float(past.payment.valor) < valor_brl:
        return False
    return past.is_new("pagador", "dispositivo")
