"""Where people are: the states' capitals, cities abroad, and a place near one of them. Degrees, five decimals."""

import random
from typing import Final

from acude.risk.payment import Place

CAPITALS: Final = {
    "AC": Place(-9.97472, -67.81000), "AL": Place(-9.66599, -35.73500), "AM": Place(-3.11903, -60.02173),
    "AP": Place(0.03493, -51.06944), "BA": Place(-12.97111, -38.51083), "CE": Place(-3.71722, -38.54306),
    "DF": Place(-15.77972, -47.92972), "ES": Place(-20.31944, -40.33778), "GO": Place(-16.67861, -49.25389),
    "MA": Place(-2.52972, -44.30278), "MG": Place(-19.92083, -43.93778), "MS": Place(-20.44278, -54.64639),
    "MT": Place(-15.59611, -56.09667), "PA": Place(-1.45583, -48.50444), "PB": Place(-7.11500, -34.86306),
    "PE": Place(-8.05389, -34.88111), "PI": Place(-5.08917, -42.80194), "PR": Place(-25.42778, -49.27306),
    "RJ": Place(-22.90278, -43.20750), "RN": Place(-5.79500, -35.20944), "RO": Place(-8.76194, -63.90389),
    "RR": Place(2.81972, -60.67333), "RS": Place(-30.03306, -51.23000), "SC": Place(-27.59667, -48.54917),
    "SE": Place(-10.91111, -37.07167), "SP": Place(-23.54750, -46.63611), "TO": Place(-10.21278, -48.36028),
}  # fmt: skip

ABROAD: Final = (
    Place(25.76168, -80.19179), Place(38.71667, -9.13333), Place(50.45010, 30.52340), Place(6.45407, 3.39467),
    Place(14.59951, 120.98422), Place(44.43225, 26.10626),
)  # fmt: skip
"""Miami, Lisbon, Kyiv, Lagos, Manila, Bucharest."""

_SPREAD_DEGREES = 0.06


def near(rng: random.Random, place: Place) -> Place:
    """A place in the same town: within about 7 km, two times in three."""
    return Place(
        round(rng.gauss(place.latitude, _SPREAD_DEGREES), 5),
        round(rng.gauss(place.longitude, _SPREAD_DEGREES), 5),
    )
