"""A refund of too much."""

from acude.risk.signals.estorno_acima_da_compra import estorno_acima_da_compra
from tests.unit.risk.pasts import DAY, REFUND, Fields, Row, past_of, table

PAID: list[Row] = [(DAY, {"valor": "100.00"})]


@table(
    ("a real more than was paid", PAID, REFUND | {"valor": "101.00"}, True),
    ("a centavo less", PAID, REFUND | {"valor": "100.99"}, False),
    ("what was paid", PAID, REFUND, False),
    ("what was paid, for the second time", [*PAID, (1, REFUND)], REFUND, True),
    ("another receiver was paid more", [*PAID, (1, {"valor": 900, "id_recebedor": "banca"})], REFUND, False),
    ("another receiver's money", [*PAID, (1, {"valor": 9, "id_recebedor": "banca"})], REFUND | {"valor": 101}, True),
    ("more was paid 20 days ago", [*PAID, (20 * DAY, {})], REFUND | {"valor": 200}, False),
    ("someone else paid more", [*PAID, (1, {"valor": 900, "id_pagador": "bia"})], REFUND | {"valor": 101}, True),
    ("nothing was paid", [], REFUND | {"valor": 900}, False),
    ("no refund", PAID, {"valor": 900}, False),
    ("the store does not answer", PAID, REFUND | {"valor": 900, "complete": False}, False),
)
def test_refunds_exceed_what_the_receiver_was_paid_by_a_real(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert estorno_acima_da_compra(past_of(*earlier, **now), excesso_brl=1) is fires
