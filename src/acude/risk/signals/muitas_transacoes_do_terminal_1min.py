"""The card terminal's pace."""

from acude.risk.velocity import Past


def muitas_transacoes_do_terminal_1min(past: Past, *, transacoes: int) -> bool:
    """The card terminal makes more transactions in a minute than a cashier can."""
    return past.count("terminal", "1min") >= transacoes
