"""A card that the payer never used."""

from acude.risk.signals.cartao_novo_para_pagador import cartao_novo_para_pagador
from tests.unit.risk.pasts import DAY, PIX, REFUND, Fields, Row, past_of, table

NEW: Fields = {"token_cartao": "tok_rosa", "valor": 1000}
BEFORE: list[Row] = [(DAY, {})]


@table(
    ("another card before", BEFORE, NEW, True),
    ("a centavo less", BEFORE, NEW | {"valor": "999.99"}, False),
    ("the card of before", BEFORE, NEW | {"token_cartao": "tok_azul"}, False),
    ("someone else's card at the same address", [*BEFORE, (DAY, NEW | {"id_pagador": "bia"})], NEW, True),
    ("only Pix before", [(DAY, PIX)], NEW, False),
    ("only Pix before, and someone else's card", [(DAY, PIX), (DAY, {"id_pagador": "bia"})], NEW, False),
    ("no card now", BEFORE, {"valor": 1000, **PIX}, False),
    ("the payer has no past", [], NEW, False),
    ("a refund", BEFORE, NEW | REFUND, False),
    ("the store does not answer", BEFORE, NEW | {"complete": False}, False),
)
def test_a_considerable_amount_with_another_card_than_before(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert cartao_novo_para_pagador(past_of(*earlier, **now), valor_brl=1000) is fires
