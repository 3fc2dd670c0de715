"""When a boleto is due."""

from datetime import UTC, date, datetime

from acude.risk.signals.boleto_vencimento_imediato_alto import boleto_vencimento_imediato_alto
from tests.unit.risk.pasts import PIX, REFUND, Fields, Row, past_of, table

TODAY: Fields = {**PIX, "tipo_pagamento": "boleto", "valor": 3000, "vencimento": date(2026, 11, 22)}
LATE_EVENING = datetime(2026, 11, 23, 1, tzinfo=UTC)
"""22h of the 22nd in Brasília."""


@table(
    ("due today", [], TODAY, True),
    ("due tomorrow", [], TODAY | {"vencimento": date(2026, 11, 23)}, False),
    ("due yesterday", [], TODAY | {"vencimento": date(2026, 11, 21)}, True),
    (
        "due tomorrow by Brasília's clock",
        [],
        TODAY | {"timestamp": LATE_EVENING, "vencimento": date(2026, 11, 23)},
        False,
    ),
    ("due today by Brasília's clock", [], TODAY | {"timestamp": LATE_EVENING}, True),
    ("a centavo less", [], TODAY | {"valor": "2999.99"}, False),
    ("no due day", [], TODAY | {"vencimento": None}, False),
    ("no boleto", [], TODAY | {"tipo_pagamento": "credito"}, False),
    ("a refund", [], TODAY | REFUND, False),
)
def test_a_high_boleto_that_is_due_today(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert boleto_vencimento_imediato_alto(past_of(*earlier, **now), dias=0, valor_brl=3000) is fires
