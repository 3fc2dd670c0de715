"""A high, round amount."""

from acude.risk.signals.valor_redondo_alto import valor_redondo_alto
from tests.unit.risk.pasts import REFUND, Fields, Row, past_of, table


@table(
    ("hundreds at the threshold", [], {"valor": "2000.00"}, True),
    ("hundreds below it", [], {"valor": 1900}, False),
    ("high with centavos", [], {"valor": "2100.01"}, False),
    ("high with tens", [], {"valor": 2050}, False),
    ("a refund", [], {"valor": 2000, **REFUND}, False),
)
def test_a_high_amount_in_whole_hundreds_is_round(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert valor_redondo_alto(past_of(*earlier, **now), valor_brl=2000) is fires
