"""The amount beside the payer's own amounts."""

from acude.risk.velocity import Past


def valor_muito_acima_do_normal(past: Past, *, desvios: float, valor_brl: float) -> bool:
    """The amount is far above what this payer usually pays.

    It needs five payments in 30 days; `valor_brl` keeps a payer of small, equal amounts from showing it for a coffee.
    """
    return float(past.payment.valor) >= valor_brl and past.deviation("pagador") >= desvios
