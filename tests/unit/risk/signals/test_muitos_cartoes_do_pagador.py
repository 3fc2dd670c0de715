"""Cards of a payer."""

from acude.risk.signals.muitos_cartoes_do_pagador import muitos_cartoes_do_pagador
from tests.unit.risk.pasts import DAY, HOUR, PIX, Fields, Row, each, past_of, table

TWO = each(HOUR, "token_cartao", ["tok_rosa", "tok_verde"])


@table(
    ("the third card", TWO, {}, True),
    ("the second", each(HOUR, "token_cartao", ["tok_rosa", "tok_rosa", "tok_azul"]), {}, False),
    ("others' at the same address", [(s, r | {"id_pagador": "bia"}) for s, r in TWO], {}, False),
    ("yesterday's", each(DAY, "token_cartao", ["tok_rosa", "tok_verde"]), {}, False),
    ("no card now, two before", TWO, PIX, False),
    ("no card at all", [(1, PIX), (2, PIX)], PIX, False),
)
def test_three_cards_of_a_payer_in_a_day_are_many(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert muitos_cartoes_do_pagador(past_of(*earlier, **now), cartoes=3) is fires
