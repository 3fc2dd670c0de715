"""The payment's place beside the payer's places."""

from acude.risk.signals.distante_do_habitual import distante_do_habitual
from tests.unit.risk.pasts import DAY, MANAUS, NOWHERE, RIO, Fields, Row, every, past_of, table

MONTH = every(DAY, 3)
"""Three payments in São Paulo."""


@table(
    ("361 km from every place", MONTH, RIO, True),
    ("at a usual place", MONTH, {}, False),
    ("at one of two usual places", [*every(DAY, 3), *every(5 * DAY, 3, **MANAUS)], MANAUS, False),
    ("once there", [*MONTH, (29 * DAY, RIO)], RIO, False),
    ("there a month ago", [*MONTH, (30 * DAY, RIO)], RIO, True),
    ("someone else was there", [*MONTH, (DAY, RIO | {"id_pagador": "bia"})], RIO, True),
    ("two places are too few", [*MONTH[:2], (3 * DAY, NOWHERE)], RIO, False),
    ("no place now", MONTH, NOWHERE, False),
    ("half a place now", MONTH, RIO | {"longitude": None}, False),
    ("no past", [], RIO, False),
    ("the store does not answer", MONTH, RIO | {"complete": False}, False),
)
def test_300_km_from_every_place_of_the_month_are_far(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert distante_do_habitual(past_of(*earlier, **now), distancia_km=300, transacoes=3) is fires


def test_361_km_are_nearer_than_362() -> None:
    past = past_of(*MONTH, **RIO)
    assert distante_do_habitual(past, distancia_km=360, transacoes=3)
    assert not distante_do_habitual(past, distancia_km=362, transacoes=3)
