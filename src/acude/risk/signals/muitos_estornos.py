"""How often a payer asks for money back."""

from acude.risk.velocity import Past


def muitos_estornos(past: Past, *, estornos: int) -> bool:
    """The payer had unusually many refunds in 30 days."""
    return past.refunds("pagador", "30d") >= estornos
