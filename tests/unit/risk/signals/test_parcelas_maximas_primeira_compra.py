"""Instalments of a first purchase."""

from acude.risk.signals.parcelas_maximas_primeira_compra import parcelas_maximas_primeira_compra
from tests.unit.risk.pasts import DAY, REFUND, Fields, Row, past_of, table

TWELVE: Fields = {"parcelas": 12, "valor": 1500}


@table(
    ("twelve instalments", [], TWELVE, True),
    ("eleven", [], TWELVE | {"parcelas": 11}, False),
    ("a centavo less", [], TWELVE | {"valor": "1499.99"}, False),
    ("a payment in the 30 days", [(30 * DAY - 1, {})], TWELVE, False),
    ("a payment before them", [(30 * DAY, {})], TWELVE, True),
    ("someone else paid at the same address", [(DAY, {"id_pagador": "bia"})], TWELVE, True),
    ("no instalments", [], TWELVE | {"parcelas": None}, False),
    ("a refund", [], TWELVE | REFUND, False),
    ("the store does not answer", [], TWELVE | {"complete": False}, False),
)
def test_a_first_purchase_in_twelve_instalments(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert parcelas_maximas_primeira_compra(past_of(*earlier, **now), parcelas=12, valor_brl=1500) is fires
