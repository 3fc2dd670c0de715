"""Card testing, seen on the card."""

from acude.risk.signals.valores_pequenos_no_cartao import valores_pequenos_no_cartao
from tests.unit.risk.pasts import HOUR, MINUTE, REFUND, Fields, Row, every, past_of, table


@table(
    ("the third trial", every(MINUTE, 2, valor="1.00"), {"valor": "4.99"}, True),
    ("a large payment after three trials", every(MINUTE, 3, valor="1.00"), {"valor": 3000}, True),
    ("a large payment after two", every(MINUTE, 2, valor="1.00"), {"valor": 3000}, False),
    ("five reais are not small", every(MINUTE, 5, valor="5.00"), {"valor": "1.00"}, False),
    ("the third trial in fifty minutes", every(25 * MINUTE, 2, valor="1.00"), {"valor": "1.00"}, True),
    ("trials of an hour ago", every(HOUR, 3, valor="1.00"), {"valor": "1.00"}, False),
    ("small refunds", every(MINUTE, 5, valor="1.00", **REFUND), {"valor": "1.00"}, False),
    ("trials of another card", every(MINUTE, 5, valor="1.00", token_cartao="tok_rosa"), {"valor": "1.00"}, False),
    ("no card", every(MINUTE, 5, valor="1.00"), {"valor": "1.00", "token_cartao": None}, False),
    ("the refund of a trial", every(MINUTE, 5, valor="1.00"), {"valor": "1.00", **REFUND}, False),
)
def test_three_payments_under_five_reais_in_an_hour_try_out_a_card(
    earlier: list[Row], now: Fields, fires: bool
) -> None:
    assert valores_pequenos_no_cartao(past_of(*earlier, **now), abaixo_de_brl=5, transacoes=3) is fires
