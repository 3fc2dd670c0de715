"""A change of password, telephone or e-mail before the payment."""

from datetime import timedelta

from acude.risk.signals.credencial_alterada import credencial_alterada
from tests.unit.risk.pasts import NOON, REFUND, Fields, Row, past_of, table

YESTERDAY = NOON - timedelta(days=1)
JUST_AFTER = YESTERDAY + timedelta(microseconds=1)


@table(
    ("changed within 24 hours", [], {"credencial_alterada_em": JUST_AFTER, "valor": 500}, True),
    ("changed at the same moment", [], {"credencial_alterada_em": NOON, "valor": 500}, True),
    ("changed 24 hours ago", [], {"credencial_alterada_em": YESTERDAY, "valor": 500}, False),
    ("changed afterwards", [], {"credencial_alterada_em": NOON + timedelta(microseconds=1), "valor": 500}, False),
    ("a centavo less", [], {"credencial_alterada_em": JUST_AFTER, "valor": "499.99"}, False),
    ("never changed", [], {"valor": 500}, False),
    ("a refund", [], {"credencial_alterada_em": JUST_AFTER, "valor": 500, **REFUND}, False),
)
def test_a_change_is_recent_for_24_hours(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert credencial_alterada(past_of(*earlier, **now), horas=24, valor_brl=500) is fires
