"""Card testing, seen on the card."""

from acude.risk.velocity import Past


def valores_pequenos_no_cartao(past: Past, *, abaixo_de_brl: float, transacoes: int) -> bool:
    """The card made several very small payments within an hour, as when a stolen card is tried out.

    The payment itself may be large: the one that follows the trials is the one that costs.
    """
    return not past.payment.is_refund and past.small("cartao", "1h", abaixo_de_brl) >= transacoes
