"""A high amount."""

from acude.risk.signals.valor_alto import valor_alto
from tests.unit.risk.pasts import REFUND, Fields, Row, past_of, table


@table(
    ("at the threshold", [], {"valor": "5000.10"}, True),
    ("a centavo below it", [], {"valor": "5000.09"}, False),
    ("a refund", [], {"valor": "9000", **REFUND}, False),
    ("the store does not answer", [], {"valor": "5000.10", "complete": False}, True),
)
def test_a_payment_is_high_from_the_threshold_on(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert valor_alto(past_of(*earlier, **now), valor_brl=5000.10) is fires
