"""A day's spending beside the month's."""

from acude.risk.signals.gasto_acima_da_media_30d import gasto_acima_da_media_30d
from tests.unit.risk.pasts import DAY, HOUR, REFUND, Fields, Row, every, past_of, table

MONTH = every(2 * DAY, 3)
"""Three payments of 100 reais."""

BIA: Fields = {"id_pagador": "bia"}
OTHERS = every(2 * DAY, 5, **BIA, valor=900)


@table(
    ("five times the mean", MONTH, {"valor": "500.00"}, True),
    ("a centavo less", MONTH, {"valor": "499.99"}, False),
    ("five times the mean, in parts", [*MONTH, *every(HOUR, 4)], {}, True),
    ("two earlier payments are too few", MONTH[:2], {"valor": 900}, False),
    ("today's payments are no earlier ones", every(HOUR, 9), {"valor": 900}, False),
    ("older ones are none either", every(30 * DAY, 3), {"valor": 900}, False),
    ("everything was given back", every(2 * DAY, 4, **REFUND), {"valor": 900}, False),
    ("as much was given back as was paid", [*MONTH, *every(3 * DAY, 3, **REFUND)], {"valor": 900}, False),
    ("two earlier payments, and others at the same address", [*MONTH[:2], *OTHERS], {"valor": 900}, False),
    ("whatever others spent at the same address", [*MONTH, *OTHERS], {"valor": 500}, True),
    ("someone else spent something today", [*MONTH, (HOUR, BIA | {"valor": 50})], {"valor": 400}, False),
    ("someone else's payments of today are not this payer's", [*MONTH, (HOUR, BIA)], {"valor": 500}, True),
    (
        "a month of large payments before a week of small ones",
        [*MONTH, *every(9 * DAY, 3, valor=900)],
        {"valor": 500},
        False,
    ),
    ("three payments in the month", every(9 * DAY, 3), {"valor": 500}, True),
    ("today's count as today's", [*MONTH[:2], *every(2 * HOUR, 2)], {"valor": 900}, False),
    ("a refund", [*MONTH, (HOUR, {"valor": 9000})], REFUND, False),
    ("the store does not answer", MONTH, {"valor": 900, "complete": False}, False),
)
def test_a_day_of_five_mean_payments_is_above_the_mean(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert gasto_acima_da_media_30d(past_of(*earlier, **now), vezes=5, transacoes=3) is fires
