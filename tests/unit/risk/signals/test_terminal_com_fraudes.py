"""Frauds at a terminal."""

from acude.risk.signals.terminal_com_fraudes import terminal_com_fraudes
from tests.unit.risk.pasts import DAY, Fields, Row, every, past_of, table

TEN = [(7 * DAY + seconds, {"id_pagador": "bia"}) for seconds, _ in every(DAY, 10)]
"""Ten payments that are older than a week, and no other."""


@table(
    ("two of ten", TEN, {"frauds": [8 * DAY, 9 * DAY]}, True),
    ("two of ten, in the last two weeks of the window", TEN, {"frauds": [28 * DAY, 29 * DAY]}, True),
    ("one of ten", TEN, {"frauds": [8 * DAY]}, False),
    ("a second one of this week is not known yet", TEN, {"frauds": [8 * DAY, 6 * DAY]}, False),
    ("two of nine are too few payments", TEN[:9], {"frauds": [8 * DAY, 9 * DAY]}, False),
    ("ten payments of this week", every(1, 10), {"frauds": [8 * DAY, 9 * DAY]}, False),
    ("no fraud", TEN, {}, False),
    ("no terminal", TEN, {"id_terminal": None, "frauds": []}, False),
)
def test_a_fifth_of_ten_payments_were_frauds(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert terminal_com_fraudes(past_of(*earlier, **now), parte=0.2, transacoes=10) is fires
