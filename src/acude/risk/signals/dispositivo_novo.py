"""A device that the payer never used."""

from acude.risk.velocity import Past


def dispositivo_novo(past: Past, *, transacoes: int) -> bool:
    """A payer who pays regularly pays from a device never seen with the account.

    Regularly: at least `transacoes` in the 30 days around it.
    """
    return past.is_new("pagador", "dispositivo") and len(past.within("pagador", "30d")) >= transacoes
