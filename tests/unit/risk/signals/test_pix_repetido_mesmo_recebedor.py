"""Pix to one receiver again and again."""

from acude.risk.signals.pix_repetido_mesmo_recebedor import pix_repetido_mesmo_recebedor
from tests.unit.risk.pasts import HOUR, MINUTE, PIX, REFUND, Fields, Row, every, past_of, table


@table(
    ("the third within an hour", every(29 * MINUTE, 2, **PIX), PIX, True),
    ("the second", every(MINUTE, 1, **PIX), PIX, False),
    ("the first of three is an hour old", [(HOUR, PIX), (1, PIX)], PIX, False),
    ("other receivers", every(MINUTE, 9, **PIX, id_recebedor="banca"), PIX, False),
    ("other payers", every(MINUTE, 9, **PIX, id_pagador="bia"), PIX, False),
    ("refunds are not payments", every(MINUTE, 9, **PIX, **REFUND), PIX, False),
    ("a card", every(MINUTE, 9), {}, False),
    ("a refund", every(MINUTE, 9, **PIX), PIX | REFUND, False),
)
def test_three_pix_to_a_receiver_in_an_hour_are_many(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert pix_repetido_mesmo_recebedor(past_of(*earlier, **now), transacoes=3) is fires
