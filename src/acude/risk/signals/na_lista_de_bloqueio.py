"""The block list."""

from acude.risk.velocity import Past


def na_lista_de_bloqueio(past: Past) -> bool:
    """Something of the payment is on the block list."""
    return past.listed.bloqueio
