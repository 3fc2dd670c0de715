"""The internet address's pace."""

from acude.risk.velocity import Past


def muitas_transacoes_do_ip_10min(past: Past, *, transacoes: int) -> bool:
    """Unusually many transactions come from one internet address within ten minutes."""
    return past.count("ip", "10min") >= transacoes
