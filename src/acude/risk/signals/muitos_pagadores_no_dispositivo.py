"""Payers on a device."""

from acude.risk.velocity import Past


def muitos_pagadores_no_dispositivo(past: Past, *, pagadores: int) -> bool:
    """Unusually many accounts paid from one device within 7 days."""
    return past.distinct("dispositivo", "pagador", "7d") >= pagadores
