"""Card testing, seen on the device."""

from acude.risk.signals.valores_pequenos_no_dispositivo import valores_pequenos_no_dispositivo
from tests.unit.risk.pasts import HOUR, MINUTE, PIX, REFUND, Fields, Row, every, past_of, table

TRIALS: list[Row] = [
    (1 * MINUTE, {"valor": "1.00", "token_cartao": "tok_rosa", "id_pagador": "bia"}),
    (2 * MINUTE, {"valor": "1.00", "token_cartao": "tok_verde", "id_pagador": "caio"}),
]
MORNING = every(3 * HOUR, 3, valor="1.00")
SMALL: Fields = {"valor": "1.00"}


@table(
    ("the third trial with the third card", TRIALS, SMALL, True),
    ("five reais are not small", TRIALS, {"valor": "5.00"}, False),
    ("the third trial with a known card", TRIALS, SMALL | {"token_cartao": "tok_rosa"}, False),
    ("trials of an hour ago", [(seconds + HOUR, trial) for seconds, trial in TRIALS], SMALL, False),
    ("the third trial in fifty minutes", [(25 * seconds, trial) for seconds, trial in TRIALS], SMALL, True),
    (
        "a third card two hours ago",
        [*every(MINUTE, 3, valor="1.00"), (2 * HOUR, TRIALS[0][1]), TRIALS[1]],
        SMALL,
        False,
    ),
    (
        "only the cards are of this hour",
        [(seconds, trial | {"valor": 9}) for seconds, trial in TRIALS] + MORNING,
        SMALL,
        False,
    ),
    ("trials on another device", [(60, trial | {"id_dispositivo": "outro"}) for _, trial in TRIALS], SMALL, False),
    ("no device", TRIALS, SMALL | {"id_dispositivo": None}, False),
    ("no cards", every(MINUTE, 5, valor="1.00", **PIX), SMALL | PIX, False),
    ("a refund after trials", [*TRIALS, (1, SMALL)], SMALL | REFUND, False),
)
def test_three_small_payments_with_three_cards_on_a_device_try_out_cards(
    earlier: list[Row], now: Fields, fires: bool
) -> None:
    past = past_of(*earlier, **now)
    assert valores_pequenos_no_dispositivo(past, abaixo_de_brl=5, transacoes=3, cartoes=3) is fires
