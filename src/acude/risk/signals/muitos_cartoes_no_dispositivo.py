"""Cards on a device."""

from acude.risk.velocity import Past


def muitos_cartoes_no_dispositivo(past: Past, *, cartoes: int) -> bool:
    """The device paid with unusually many different cards within 24 hours."""
    return past.distinct("dispositivo", "cartao", "1d") >= cartoes
