"""The account's age."""

from datetime import timedelta

from acude.risk.signals.conta_recente import conta_recente
from tests.unit.risk.pasts import NOON, REFUND, Fields, Row, past_of, table

YESTERDAY = NOON - timedelta(days=1)
JUST_AFTER = YESTERDAY + timedelta(microseconds=1)


@table(
    ("opened within 24 hours", [], {"conta_criada_em": JUST_AFTER, "valor": 500}, True),
    ("opened 24 hours ago", [], {"conta_criada_em": YESTERDAY, "valor": 500}, False),
    ("a centavo less", [], {"conta_criada_em": JUST_AFTER, "valor": "499.99"}, False),
    ("opened after the payment", [], {"conta_criada_em": NOON + timedelta(seconds=2), "valor": 500}, True),
    ("opened at an unknown time", [], {"valor": 500}, False),
    ("a refund", [], {"conta_criada_em": JUST_AFTER, "valor": 500, **REFUND}, False),
    ("the store does not answer", [], {"conta_criada_em": JUST_AFTER, "valor": 500, "complete": False}, True),
)
def test_an_account_is_recent_for_24_hours(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert conta_recente(past_of(*earlier, **now), horas=24, valor_brl=500) is fires
