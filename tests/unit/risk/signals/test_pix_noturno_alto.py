"""Pix by night."""

from datetime import UTC, datetime

from acude.risk.signals.pix_noturno_alto import pix_noturno_alto
from tests.unit.risk.pasts import PIX, REFUND, Fields, Row, past_of, table

NIGHT: Fields = {**PIX, "valor": 1000, "timestamp": datetime(2026, 11, 23, 2, 30, tzinfo=UTC)}
"""23h30 in Brasília."""


def at(hour: int, minute: int, uf: str | None = "SP") -> Fields:
    return NIGHT | {"timestamp": datetime(2026, 11, 22, hour, minute, tzinfo=UTC), "uf": uf}


@table(
    ("by night", [], NIGHT, True),
    ("from 20h on", [], at(23, 0), True),
    ("before 20h", [], at(22, 59), False),
    ("until 6h", [], at(8, 59), True),
    ("from 6h on", [], at(9, 0), False),
    ("23h UTC are 18h in Acre", [], at(23, 0, "AC"), False),
    ("a payer of no known state has Brasília's hour", [], at(23, 0, None), True),
    ("a centavo less", [], NIGHT | {"valor": "999.99"}, False),
    ("a card", [], NIGHT | {"tipo_pagamento": "credito"}, False),
    ("a refund", [], NIGHT | REFUND, False),
)
def test_a_high_pix_between_20h_and_6h(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert pix_noturno_alto(past_of(*earlier, **now), valor_brl=1000) is fires
