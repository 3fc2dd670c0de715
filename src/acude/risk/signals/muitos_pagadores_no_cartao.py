"""Payers of a card."""

from acude.risk.velocity import Past


def muitos_pagadores_no_cartao(past: Past, *, pagadores: int) -> bool:
    """The card was used by more accounts within 7 days than a family has."""
    return past.distinct("cartao", "pagador", "7d") >= pagadores
