"""A refund of nothing."""

from acude.risk.signals.estorno_sem_compra import estorno_sem_compra
from tests.unit.risk.pasts import DAY, REFUND, Fields, Row, every, past_of, table


@table(
    ("nothing was paid", [], REFUND, True),
    ("as little as is looked at", [], REFUND | {"valor": 50}, True),
    ("a centavo below what is looked at", [], REFUND | {"valor": "49.99"}, False),
    ("something was paid", [(29 * DAY, {"valor": 1})], REFUND, False),
    ("something was paid 30 days ago", [(30 * DAY, {})], REFUND, True),
    ("another receiver was paid", every(DAY, 2, id_recebedor="banca"), REFUND, True),
    ("someone else paid", every(DAY, 2, id_pagador="bia"), REFUND, True),
    ("only refunds before", every(DAY, 2, **REFUND), REFUND, True),
    ("paid before, dated later", [(-DAY, {})], REFUND, False),
    ("no refund", [], {}, False),
    ("the store does not answer", [], REFUND | {"complete": False}, False),
)
def test_a_refund_from_a_receiver_who_was_paid_nothing_in_30_days(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert estorno_sem_compra(past_of(*earlier, **now), valor_brl=50) is fires
