"""Payers on an internet address."""

from acude.risk.velocity import Past


def muitos_pagadores_no_ip(past: Past, *, pagadores: int) -> bool:
    """Unusually many accounts paid from one internet address within an hour."""
    return past.distinct("ip", "pagador", "1h") >= pagadores
