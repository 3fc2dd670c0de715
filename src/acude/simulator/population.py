"""Products by popularity, and shoppers with a home and preferences. All of it comes from the seed."""

import random
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate

from acude.contracts import dimension

SHOPPERS = 20_000

# Share of e-commerce orders by state, rounded; Brazil's 27 federative units.
_STATES = {
    "SP": 320, "RJ": 120, "MG": 110, "RS": 60, "PR": 60, "SC": 50, "BA": 50, "PE": 35, "CE": 32, "DF": 30, "GO": 28,
    "ES": 20, "PA": 18, "MA": 13, "MT": 13, "PB": 12, "RN": 11, "MS": 11, "AM": 10, "AL": 9, "SE": 8, "PI": 8, "RO": 5,
    "TO": 4, "AC": 2, "AP": 2, "RR": 2,
}  # fmt: skip
REGIONS = tuple(_STATES)

ZIPF_EXPONENT = 1.05
_FAVOURITES = 2
_CENT = Decimal("0.01")
_COUPON = Decimal("0.9")


@dataclass(frozen=True, slots=True)
class Item:
    """A product of the simulated shop; prices are BRL with two decimals."""

    id_produto: str
    descricao: str
    categoria: str
    preco: Decimal
    preco_com_cupom: Decimal


@dataclass(frozen=True, slots=True)
class Shopper:
    """A shopper: the state of residence, and the categories that come first."""

    id_usuario: str
    regiao: str
    preferidas: tuple[str, ...]


class Weighted:
    """Draws positions of a list by weight, in O(log n)."""

    __slots__ = ("_cumulative", "_total")

    def __init__(self, weights: Sequence[float]) -> None:
        self._cumulative = list(accumulate(weights))
        self._total = self._cumulative[-1]

    def draw(self, rng: random.Random) -> int:
        """A position between 0 and the number of weights."""
        return bisect(self._cumulative, rng.random() * self._total)


def items() -> tuple[Item, ...]:
    """The simulated shop's products in the dimension's order."""
    return tuple(
        Item(
            product.id_produto,
            product.descricao,
            product.categoria,
            product.preco,
            (product.preco * _COUPON).quantize(_CENT),
        )
        for product in dimension.load().values()
        if product.preco is not None and product.descricao is not None
    )


class Population:
    """The shop's products and shoppers. The same seed gives the same people and tastes, whenever a run starts."""

    def __init__(self, seed: int, shoppers: int = SHOPPERS) -> None:
        rng = random.Random(f"populacao:{seed}")  # noqa: S311
        self.items = _shuffled(rng, items())
        popularity = [1 / rank**ZIPF_EXPONENT for rank in range(1, len(self.items) + 1)]
        self._popular = Weighted(popularity)
        categories = sorted({item.categoria for item in self.items})
        self._shelves = {name: self._shelf(name, popularity) for name in categories}
        states = Weighted(list(_STATES.values()))
        self.shoppers = tuple(
            Shopper(
                f"u{number}",
                REGIONS[states.draw(rng)],
                tuple(categories[int(rng.random() * len(categories))] for _ in range(_FAVOURITES)),
            )
            for number in range(1, shoppers + 1)
        )
        # A few come daily, most once in a while.
        self._active = Weighted([1 / rank**0.6 for rank in range(1, shoppers + 1)])

    def _shelf(self, category: str, popularity: Sequence[float]) -> tuple[list[Item], Weighted]:
        places = [place for place, item in enumerate(self.items) if item.categoria == category]
        return [self.items[place] for place in places], Weighted([popularity[place] for place in places])

    def shopper(self, rng: random.Random) -> Shopper:
        """A shopper; regulars come more often."""
        return self.shoppers[self._active.draw(rng)]

    def item(self, rng: random.Random, shopper: Shopper) -> Item:
        """The next product of this shopper: half the time from a favourite shelf, else by popularity."""
        chance = rng.random()
        if chance < 0.5:  # noqa: PLR2004
            shelf, weights = self._shelves[shopper.preferidas[int(chance * 2 * _FAVOURITES)]]
            return shelf[weights.draw(rng)]
        return self.items[self._popular.draw(rng)]


def _shuffled(rng: random.Random, products: Sequence[Item]) -> tuple[Item, ...]:
    """The products by popularity rank, decided by the seed."""
    keys = {item.id_produto: rng.random() for item in products}
    return tuple(sorted(products, key=lambda item: keys[item.id_produto]))
