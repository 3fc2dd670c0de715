"""Card testing, seen on the device."""

from acude.risk.velocity import Past


def valores_pequenos_no_dispositivo(past: Past, *, abaixo_de_brl: float, transacoes: int, cartoes: int) -> bool:
    """One device made several very small payments with different cards within an hour, as when cards are tried out."""
    if past.payment.is_refund or past.small("dispositivo", "1h", abaixo_de_brl) < transacoes:
        return False
    return past.distinct("dispositivo", "cartao", "1h") >= cartoes
