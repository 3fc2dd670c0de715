"""A high amount from a device that the payer never used."""

from acude.risk.signals.dispositivo_novo_valor_alto import dispositivo_novo_valor_alto
from tests.unit.risk.pasts import DAY, REFUND, Fields, Row, past_of, table

NEW: Fields = {"id_dispositivo": "tablet", "valor": 2000}
BEFORE: list[Row] = [(DAY, {})]


@table(
    ("a new device", BEFORE, NEW, True),
    ("a centavo less", BEFORE, NEW | {"valor": "1999.99"}, False),
    ("a known device", BEFORE, NEW | {"id_dispositivo": "celular"}, False),
    ("someone else's device at the same address", [*BEFORE, (DAY, NEW | {"id_pagador": "bia"})], NEW, True),
    ("no device", BEFORE, NEW | {"id_dispositivo": None}, False),
    ("the payer has no past", [], NEW, False),
    ("a refund", BEFORE, NEW | REFUND, False),
    ("the store does not answer", BEFORE, NEW | {"complete": False}, False),
)
def test_a_high_amount_from_a_new_device(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert dispositivo_novo_valor_alto(past_of(*earlier, **now), valor_brl=2000) is fires
