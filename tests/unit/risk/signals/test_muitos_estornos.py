"""How often a payer asks for money back."""

from acude.risk.signals.muitos_estornos import muitos_estornos
from tests.unit.risk.pasts import DAY, REFUND, Fields, Row, every, past_of, table


@table(
    ("the third refund", every(14 * DAY, 2, **REFUND), REFUND, True),
    ("the second", every(DAY, 1, **REFUND), REFUND, False),
    ("a payment after three", every(DAY, 3, **REFUND), {}, True),
    ("a payment after two", every(DAY, 2, **REFUND), {}, False),
    ("the first of three is 30 days old", every(15 * DAY, 2, **REFUND), REFUND, False),
    ("refunds of others", every(DAY, 9, **REFUND, id_pagador="bia"), REFUND, False),
    ("payments", every(DAY, 9), REFUND, False),
    ("the store does not answer", every(DAY, 9, **REFUND), REFUND | {"complete": False}, False),
)
def test_three_refunds_in_30_days_are_many(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert muitos_estornos(past_of(*earlier, **now), estornos=3) is fires
