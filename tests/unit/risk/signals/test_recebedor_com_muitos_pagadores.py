"""Mule accounts: payers in a burst."""

from acude.risk.signals.recebedor_com_muitos_pagadores import recebedor_com_muitos_pagadores
from tests.unit.risk.pasts import DAY, HOUR, MINUTE, PIX, REFUND, Fields, Row, each, every, past_of, table

BURST = each(MINUTE, "id_pagador", ["bia", "caio", "duda"])
SLOW = each(16 * MINUTE, "id_pagador", ["bia", "caio", "duda"])
EARLY: Row = (2 * HOUR, {"id_pagador": "duda"})


@table(
    ("the fourth payer of the hour", BURST, PIX, True),
    ("the third", BURST[:2], PIX, False),
    ("the fourth, of whom one paid before the hour", [*BURST[:2], (HOUR, {"id_pagador": "duda"})], PIX, False),
    ("four payers, but one paid often", [*BURST, *every(MINUTE, 9)], PIX, True),
    ("a receiver that had one other payment in the month", [*BURST, (DAY, {})], PIX, True),
    ("a receiver that had two, which makes the hour two thirds", [*BURST, *every(DAY, 2)], PIX, False),
    ("a receiver that had two three weeks ago", [*BURST, *every(10 * DAY, 2)], PIX, False),
    ("the fourth payer in fifty minutes", SLOW, PIX, True),
    ("a receiver that had two this morning", [*BURST, *every(2 * HOUR, 2)], PIX, False),
    ("four payers, but one before a busy hour", [*BURST[:2], *every(MINUTE, 9), EARLY], PIX, False),
    ("payments of other receivers", [(60, row | {"id_recebedor": "banca"}) for _, row in BURST], PIX, False),
    ("a card", BURST, {}, False),
    ("a refund", BURST, PIX | REFUND, False),
    ("the store does not answer", BURST, PIX | {"complete": False}, False),
)
def test_four_payers_in_an_hour_are_many_where_the_hour_is_most_of_the_month(
    earlier: list[Row], now: Fields, fires: bool
) -> None:
    assert recebedor_com_muitos_pagadores(past_of(*earlier, **now), pagadores=4, parte_na_hora=0.8) is fires
