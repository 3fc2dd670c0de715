"""Typed card numbers."""

from acude.risk.signals.cartao_digitado_alto import cartao_digitado_alto
from tests.unit.risk.pasts import PIX, REFUND, Fields, Row, past_of, table


@table(
    ("typed", [], {"entrada": "digitada", "valor": 1000}, True),
    ("a centavo less", [], {"entrada": "digitada", "valor": "999.99"}, False),
    ("read by its chip", [], {"entrada": "chip", "valor": 1000}, False),
    ("no card", [], {"valor": 1000, **PIX}, False),
    ("a refund", [], {"entrada": "digitada", "valor": 1000, **REFUND}, False),
)
def test_a_high_amount_with_a_typed_card(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert cartao_digitado_alto(past_of(*earlier, **now), valor_brl=1000) is fires
