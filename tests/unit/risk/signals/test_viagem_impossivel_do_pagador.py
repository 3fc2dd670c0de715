"""A payer in two places."""

from acude.risk.signals.viagem_impossivel_do_pagador import viagem_impossivel_do_pagador
from tests.unit.risk.pasts import MINUTE, NOWHERE, PIX, RIO, Fields, Row, past_of, table

SANTOS: Fields = {"latitude": -23.96, "longitude": -46.33}
"""55 km from São Paulo."""


@table(
    ("361 km in 20 minutes, with whatever means", [(20 * MINUTE, PIX)], RIO, True),
    ("361 km in 22 minutes", [(22 * MINUTE, {})], RIO, False),
    ("fast but near", [(MINUTE, {})], SANTOS, False),
    ("someone else was there", [(MINUTE, {"id_pagador": "bia"})], RIO, False),
    ("no place now", [(MINUTE, {})], NOWHERE, False),
    ("no place before", [(MINUTE, NOWHERE)], RIO, False),
    ("the store does not answer", [(MINUTE, {})], RIO | {"complete": False}, False),
)
def test_a_payer_travels_faster_than_an_airliner(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert viagem_impossivel_do_pagador(past_of(*earlier, **now), velocidade_kmh=1000, distancia_km=100) is fires
