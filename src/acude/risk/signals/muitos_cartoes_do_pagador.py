"""Cards of a payer."""

from acude.risk.velocity import Past


def muitos_cartoes_do_pagador(past: Past, *, cartoes: int) -> bool:
    """The payer used unusually many different cards within 24 hours."""
    return past.distinct("pagador", "cartao", "1d") >= cartoes
