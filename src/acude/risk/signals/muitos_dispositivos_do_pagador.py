"""Devices of a payer."""

from acude.risk.velocity import Past


def muitos_dispositivos_do_pagador(past: Past, *, dispositivos: int) -> bool:
    """The payer used unusually many devices within 24 hours."""
    return past.distinct("pagador", "dispositivo", "1d") >= dispositivos
