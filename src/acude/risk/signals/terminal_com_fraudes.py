"""Frauds at a terminal."""

from acude.risk.velocity import Past


def terminal_com_fraudes(past: Past, *, parte: float, transacoes: int) -> bool:
    """Many of the terminal's payments turned out to be frauds.

    `parte` is their share (0 to 1) of at least `transacoes` in the 30 days that ended a week ago, because a fraud takes
    a week to be known.
    """
    return past.delayed_count("terminal", "30d") >= transacoes and past.fraud_share("terminal", "30d") >= parte
