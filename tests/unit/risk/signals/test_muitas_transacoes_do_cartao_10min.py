"""The card's pace."""

from acude.risk.signals.muitas_transacoes_do_cartao_10min import muitas_transacoes_do_cartao_10min
from tests.unit.risk.pasts import MINUTE, Fields, Row, every, past_of, table


@table(
    ("the third within ten minutes", every(4 * MINUTE, 2), {}, True),
    ("the third of several payers", every(4 * MINUTE, 2, id_pagador="bia"), {}, True),
    ("the second", every(4 * MINUTE, 1), {}, False),
    ("the first of three is ten minutes old", every(5 * MINUTE, 2), {}, False),
    ("other cards", every(1, 9, token_cartao="tok_rosa"), {}, False),
    ("no card", every(1, 9), {"token_cartao": None}, False),
)
def test_three_transactions_of_a_card_in_ten_minutes_are_many(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert muitas_transacoes_do_cartao_10min(past_of(*earlier, **now), transacoes=3) is fires
