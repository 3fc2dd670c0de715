"""The card's pace."""

from acude.risk.velocity import Past


def muitas_transacoes_do_cartao_10min(past: Past, *, transacoes: int) -> bool:
    """The card is used unusually often within ten minutes."""
    return past.count("cartao", "10min") >= transacoes
