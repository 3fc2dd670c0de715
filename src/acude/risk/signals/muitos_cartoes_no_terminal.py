"""Cards on a terminal."""

from acude.risk.velocity import Past


def muitos_cartoes_no_terminal(past: Past, *, cartoes: int) -> bool:
    """The terminal read more different cards within ten minutes than a queue of customers brings."""
    return past.distinct("terminal", "cartao", "10min") >= cartoes
