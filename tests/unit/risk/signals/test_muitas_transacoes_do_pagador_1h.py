"""The payer's pace in an hour."""

from acude.risk.signals.muitas_transacoes_do_pagador_1h import muitas_transacoes_do_pagador_1h
from tests.unit.risk.pasts import HOUR, MINUTE, Fields, Row, every, past_of, table


@table(
    ("the third within an hour", every(29 * MINUTE, 2), {}, True),
    ("the second", every(29 * MINUTE, 1), {}, False),
    ("the first of three is an hour old", [(HOUR, {}), (1, {})], {}, False),
    ("other payers", every(1, 9, id_pagador="bia"), {}, False),
    ("the store does not answer", every(MINUTE, 9), {"complete": False}, False),
)
def test_three_transactions_of_a_payer_in_an_hour_are_many(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert muitas_transacoes_do_pagador_1h(past_of(*earlier, **now), transacoes=3) is fires
