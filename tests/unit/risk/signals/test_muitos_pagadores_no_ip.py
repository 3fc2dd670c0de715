"""Payers on an internet address."""

from acude.risk.signals.muitos_pagadores_no_ip import muitos_pagadores_no_ip
from tests.unit.risk.pasts import HOUR, MINUTE, Fields, Row, each, past_of, table


@table(
    ("the third payer", each(29 * MINUTE, "id_pagador", ["bia", "caio"]), {}, True),
    ("the second", each(MINUTE, "id_pagador", ["bia", "bia", "ana"]), {}, False),
    ("an hour ago", each(HOUR, "id_pagador", ["bia", "caio"]), {}, False),
    ("no address", each(MINUTE, "id_pagador", ["bia", "caio"]), {"ip": None}, False),
)
def test_three_payers_on_an_address_in_an_hour_are_many(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert muitos_pagadores_no_ip(past_of(*earlier, **now), pagadores=3) is fires
