"""The allow list."""

from acude.risk.velocity import Past


def na_lista_de_permissao(past: Past) -> bool:
    """Something of the payment is on the allow list."""
    return past.listed.permissao
