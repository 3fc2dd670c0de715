"""Cards on an internet address."""

from acude.risk.velocity import Past


def muitos_cartoes_no_ip(past: Past, *, cartoes: int) -> bool:
    """Unusually many different cards were used from one internet address within an hour."""
    return past.distinct("ip", "cartao", "1h") >= cartoes
