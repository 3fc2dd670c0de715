"""The payer's spending of a day."""

from acude.risk.signals.gasto_alto_do_pagador_1d import gasto_alto_do_pagador_1d
from tests.unit.risk.pasts import DAY, HOUR, REFUND, Fields, Row, every, past_of, table

FOUR_HUNDRED = every(HOUR, 4)


@table(
    ("500 reais with this payment", FOUR_HUNDRED, {"valor": "100.00"}, True),
    ("a centavo less", FOUR_HUNDRED, {"valor": "99.99"}, False),
    ("this payment alone", [], {"valor": 500}, True),
    ("400 of yesterday", every(DAY, 1, valor=400), {}, False),
    ("400 of another payer", every(HOUR, 4, id_pagador="bia"), {}, False),
    ("refunds are taken off", [*FOUR_HUNDRED, (1, REFUND)], {"valor": "199.99"}, False),
    ("a refund", every(HOUR, 9), REFUND, False),
)
def test_500_reais_of_a_payer_in_a_day_are_much(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert gasto_alto_do_pagador_1d(past_of(*earlier, **now), valor_brl=500) is fires
