"""Payments in the small hours."""

from datetime import UTC, datetime

from acude.risk.signals.madrugada_valor_alto import madrugada_valor_alto
from tests.unit.risk.pasts import REFUND, Fields, Row, past_of, table


def at(hour: int, minute: int = 0, uf: str | None = "SP") -> Fields:
    return {"valor": 1500, "timestamp": datetime(2026, 11, 22, hour, minute, tzinfo=UTC), "uf": uf}


@table(
    ("from 0h on", [], at(3), True),
    ("before 0h", [], at(2, 59), False),
    ("until 6h", [], at(8, 59), True),
    ("from 6h on", [], at(9), False),
    ("3h UTC are 23h in Manaus", [], at(3, uf="AM"), False),
    ("a payer of no known state has Brasília's hour", [], at(3, uf=None), True),
    ("a centavo less", [], at(3) | {"valor": "1499.99"}, False),
    ("a refund", [], at(3) | REFUND, False),
)
def test_a_high_amount_between_0h_and_6h(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert madrugada_valor_alto(past_of(*earlier, **now), valor_brl=1500) is fires
