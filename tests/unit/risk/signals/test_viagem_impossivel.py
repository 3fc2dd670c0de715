"""A card in two places."""

from acude.risk.signals.viagem_impossivel import viagem_impossivel
from tests.unit.risk.pasts import HOUR, MANAUS, MINUTE, NOWHERE, RIO, Fields, Row, past_of, table

SANTOS: Fields = {"latitude": -23.96, "longitude": -46.33}
"""55 km from São Paulo."""


@table(
    ("361 km in 20 minutes", [(20 * MINUTE, {})], RIO, True),
    ("361 km in 22 minutes", [(22 * MINUTE, {})], RIO, False),
    ("361 km in no time", [(0.000001, {})], RIO, True),
    ("fast but near", [(MINUTE, {})], SANTOS, False),
    ("the account was there, not the card", [(MINUTE, {"token_cartao": "tok_rosa"})], MANAUS, False),
    ("the last place counts", [(HOUR, MANAUS), (20 * MINUTE, RIO)], RIO, False),
    ("a payment without a place is passed over", [(20 * MINUTE, {}), (MINUTE, NOWHERE)], RIO, True),
    ("no place now", [(MINUTE, {})], NOWHERE, False),
    ("no place before", [(MINUTE, NOWHERE)], RIO, False),
    ("no card", [(MINUTE, {})], RIO | {"token_cartao": None}, False),
    ("the store does not answer", [(MINUTE, {})], RIO | {"complete": False}, False),
)
def test_a_card_travels_faster_than_an_airliner(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert viagem_impossivel(past_of(*earlier, **now), velocidade_kmh=1000, distancia_km=100) is fires
