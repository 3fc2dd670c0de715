"""A device that the payer never used."""

from acude.risk.signals.dispositivo_novo import dispositivo_novo
from tests.unit.risk.pasts import DAY, Fields, Row, every, past_of, table

NEW: Fields = {"id_dispositivo": "tablet"}


@table(
    ("after three payments from another device", every(DAY, 3), NEW, True),
    ("after two", every(DAY, 2), NEW, False),
    ("after three, of which one is too old", every(10 * DAY, 3), NEW, False),
    ("after three in 30 days", every(9 * DAY, 3), NEW, True),
    ("after two, and others at the same address", [*every(DAY, 2), *every(DAY, 9, id_pagador="bia")], NEW, False),
    ("used before", [*every(DAY, 3), (4 * DAY, NEW)], NEW, False),
    ("used by someone else", [*every(DAY, 3), (DAY, NEW | {"id_pagador": "bia"})], NEW, True),
    ("used before, dated later", [*every(DAY, 3), (-1, NEW)], NEW, False),
    ("no device", every(DAY, 3), {"id_dispositivo": None}, False),
    ("the payer has no past", [], NEW, False),
    ("the store does not answer", every(DAY, 3), NEW | {"complete": False}, False),
)
def test_a_device_is_new_to_a_payer_of_three_payments_in_30_days(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert dispositivo_novo(past_of(*earlier, **now), transacoes=3) is fires
