"""Payers on a device."""

from acude.risk.signals.muitos_pagadores_no_dispositivo import muitos_pagadores_no_dispositivo
from tests.unit.risk.pasts import DAY, Fields, Row, each, past_of, table


@table(
    ("the third payer", each(3 * DAY, "id_pagador", ["bia", "caio"]), {}, True),
    ("the second", each(DAY, "id_pagador", ["bia", "bia", "ana"]), {}, False),
    ("a week ago", each(7 * DAY, "id_pagador", ["bia", "caio"]), {}, False),
    ("no device", each(DAY, "id_pagador", ["bia", "caio"]), {"id_dispositivo": None}, False),
)
def test_three_payers_on_a_device_in_a_week_are_many(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert muitos_pagadores_no_dispositivo(past_of(*earlier, **now), pagadores=3) is fires
