"""A high amount to a receiver whom the payer never paid."""

from acude.risk.signals.recebedor_novo_valor_alto import recebedor_novo_valor_alto
from tests.unit.risk.pasts import DAY, REFUND, Fields, Row, past_of, table

NEW: Fields = {"id_recebedor": "banca", "valor": 3000}
BEFORE: list[Row] = [(DAY, {})]


@table(
    ("others were paid before", BEFORE, NEW, True),
    ("a centavo less", BEFORE, NEW | {"valor": "2999.99"}, False),
    ("the receiver of before", BEFORE, NEW | {"id_recebedor": "loja"}, False),
    ("paid before by someone else", [*BEFORE, (DAY, NEW | {"id_pagador": "bia"})], NEW, True),
    ("the payer has no past", [], NEW, False),
    ("a refund", BEFORE, NEW | REFUND, False),
    ("the store does not answer", BEFORE, NEW | {"complete": False}, False),
)
def test_a_high_amount_to_a_receiver_never_paid_before(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert recebedor_novo_valor_alto(past_of(*earlier, **now), valor_brl=3000) is fires
