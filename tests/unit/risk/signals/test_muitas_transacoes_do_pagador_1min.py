"""The payer's pace in a minute."""

from acude.risk.signals.muitas_transacoes_do_pagador_1min import muitas_transacoes_do_pagador_1min
from tests.unit.risk.pasts import Fields, Row, every, past_of, table


@table(
    ("the third within a minute", every(29, 2), {}, True),
    ("the second", every(29, 1), {}, False),
    ("the first of three is a minute old", every(30, 2), {}, False),
    ("other payers", every(1, 9, id_pagador="bia"), {}, False),
    ("no earlier payment", [], {}, False),
    ("the store does not answer", every(29, 2), {"complete": False}, False),
)
def test_three_transactions_of_a_payer_in_a_minute_are_many(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert muitas_transacoes_do_pagador_1min(past_of(*earlier, **now), transacoes=3) is fires
