"""The card's spending of a day."""

from acude.risk.signals.gasto_alto_do_cartao_1d import gasto_alto_do_cartao_1d
from tests.unit.risk.pasts import DAY, HOUR, PIX, REFUND, Fields, Row, every, past_of, table

FOUR_HUNDRED = every(HOUR, 4, id_pagador="bia")


@table(
    ("500 reais with this payment, of whatever payer", FOUR_HUNDRED, {"valor": "100.00"}, True),
    ("a centavo less", FOUR_HUNDRED, {"valor": "99.99"}, False),
    ("400 of yesterday", every(DAY, 1, valor=400), {}, False),
    ("400 of another card", every(HOUR, 4, token_cartao="tok_rosa"), {}, False),
    ("a refund", every(HOUR, 9), REFUND, False),
    ("no card", FOUR_HUNDRED, {"valor": 900, **PIX}, False),
)
def test_500_reais_with_a_card_in_a_day_are_much(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert gasto_alto_do_cartao_1d(past_of(*earlier, **now), valor_brl=500) is fires
