"""A first purchase of a high amount."""

from acude.risk.signals.primeira_compra_alta import primeira_compra_alta
from tests.unit.risk.pasts import DAY, REFUND, Fields, Row, past_of, table

HIGH: Fields = {"valor": 2500}


@table(
    ("no earlier payment", [], HIGH, True),
    ("a centavo less", [], {"valor": "2499.99"}, False),
    ("the last one is 30 days old", [(30 * DAY, {})], HIGH, True),
    ("the last one is a little younger", [(30 * DAY - 1, {})], HIGH, False),
    ("only others paid", [(DAY, {"id_pagador": "bia"})], HIGH, True),
    ("one before, dated later", [(-DAY, {})], HIGH, False),
    ("a refund", [], HIGH | REFUND, False),
    ("the store does not answer", [], HIGH | {"complete": False}, False),
)
def test_a_payer_without_payments_in_30_days_begins_with_a_high_one(
    earlier: list[Row], now: Fields, fires: bool
) -> None:
    assert primeira_compra_alta(past_of(*earlier, **now), valor_brl=2500) is fires
