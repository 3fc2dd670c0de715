"""An amount that is unusual for this payer."""

from acude.risk.signals.valor_muito_acima_do_normal import valor_muito_acima_do_normal
from tests.unit.risk.pasts import DAY, HOUR, REFUND, Fields, Row, each, every, past_of, table

USUAL = each(DAY, "valor", [100, 200, 100, 200, 100, 200])
"""150 reais with a standard deviation of 50."""


@table(
    ("four deviations above the mean", USUAL, {"valor": 350}, True),
    ("a little less", USUAL, {"valor": "349.99"}, False),
    ("far above, but little money", each(DAY, "valor", [1, 2, 1, 2, 1]), {"valor": 99}, False),
    ("as far below the mean", each(DAY, "valor", [900, 1000, 900, 1000, 900]), {"valor": 100}, False),
    ("four earlier payments are too few", USUAL[:4], {"valor": 350}, False),
    ("earlier payments that don't differ", every(DAY, 6), {"valor": 350}, False),
    ("earlier payments of another month", each(31 * DAY, "valor", [100, 200, 100, 200, 100]), {"valor": 350}, False),
    (
        "an amount that is usual at this address",
        [*USUAL, *every(HOUR, 99, id_pagador="bia", valor=350)],
        {"valor": 350},
        True,
    ),
    ("just as much as is looked at", each(DAY, "valor", [1, 2, 1, 2, 1]), {"valor": 100}, True),
    ("no earlier payment", [], {"valor": 350}, False),
    ("a refund", USUAL, {"valor": 350, **REFUND}, False),
    ("the store does not answer", USUAL, {"valor": 350, "complete": False}, False),
)
def test_an_amount_is_unusual_from_four_deviations_above_the_mean(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert valor_muito_acima_do_normal(past_of(*earlier, **now), desvios=4, valor_brl=100) is fires
