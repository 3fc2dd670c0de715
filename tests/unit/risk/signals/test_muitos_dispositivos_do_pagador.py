"""Devices of a payer."""

from acude.risk.signals.muitos_dispositivos_do_pagador import muitos_dispositivos_do_pagador
from tests.unit.risk.pasts import DAY, HOUR, Fields, Row, each, past_of, table

TWO = each(HOUR, "id_dispositivo", ["tablet", "notebook"])


@table(
    ("the third device", TWO, {}, True),
    ("the second", each(HOUR, "id_dispositivo", ["tablet", "tablet", "celular"]), {}, False),
    ("others' at the same address", [(s, r | {"id_pagador": "bia"}) for s, r in TWO], {}, False),
    ("yesterday's", each(DAY, "id_dispositivo", ["tablet", "notebook"]), {}, False),
    ("no device", TWO, {"id_dispositivo": None}, False),
)
def test_three_devices_of_a_payer_in_a_day_are_many(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert muitos_dispositivos_do_pagador(past_of(*earlier, **now), dispositivos=3) is fires
