"""The device's pace."""

from acude.risk.velocity import Past


def muitas_transacoes_do_dispositivo_10min(past: Past, *, transacoes: int) -> bool:
    """The device makes unusually many transactions within ten minutes."""
    return past.count("dispositivo", "10min") >= transacoes
