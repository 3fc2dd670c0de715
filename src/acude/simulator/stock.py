"""How stock moves in the warehouses. Pure: any update can be computed from its number, so none has to be stored.

Each warehouse counts one product after the other. Between two counts of a product pieces leave; when too few are left,
a delivery fills the shelf again. So levels fall, dip below the reorder point, and jump up.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import gcd

from acude.simulator.population import items
from acude.simulator.serde import timestamp

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""Updates are numbered from here; asking for earlier ones finds nothing."""

WAREHOUSES = ("cd-sp", "cd-mg", "cd-pe")


@dataclass(frozen=True)
class Update:
    """One count of one product; `momento` is UTC, levels are pieces.

    `id_atualizacao` is a hash of everything else: the same id is the same update, wherever it was computed.
    """

    numero: int
    id_atualizacao: str
    id_armazem: str
    id_produto: str
    nivel_estoque: int
    ponto_reposicao: int
    momento: datetime


@dataclass(frozen=True)
class Stock:
    """All warehouses' updates.

    Args:
        seed: decides levels and the order of counting.
        every: time between two updates of one warehouse.
    """

    seed: int = 7
    every: timedelta = timedelta(seconds=2)

    def number_at(self, moment: datetime) -> int:
        """How many updates a warehouse has made before that moment (UTC), which is also the next one's number."""
        return max(0, -((EPOCH - moment) // self.every))

    def update(self, armazem: str, number: int) -> Update:
        """The update of that number (from 0)."""
        products = _products()
        count, place = divmod(number, len(products))
        # Each warehouse begins elsewhere, and walks with a stride that meets every product once a round.
        product = products[
            (place * _stride(len(products)) + self._draw(armazem, "inicio", len(products))) % len(products)
        ]
        capacity = 40 + self._draw(f"{armazem}{product}capacidade", "", 160)
        drain = 1 + self._draw(f"{armazem}{product}saida", "", max(2, capacity // 6))
        # What left since the last count varies; deliveries come when the shelf is nearly empty.
        left = (count * drain + self._draw(armazem, f"{product}{count}", drain)) % capacity
        body = (armazem, product, capacity - left, capacity // 5, EPOCH + number * self.every)
        digest = hashlib.sha256(repr((number, *body)).encode()).hexdigest()[:24]
        return Update(number, f"{armazem}-{digest}", *body)

    def updates(self, armazem: str, first: int, until: datetime, most: int) -> list[Update]:
        """Up to `most` updates from number `first` on that happened before `until` (UTC)."""
        return [self.update(armazem, number) for number in range(first, min(first + most, self.number_at(until)))]

    def between(self, start: datetime, end: datetime) -> Iterator[Update]:
        """Every warehouse's updates of a stretch of time: the truth that a test compares with."""
        for armazem in WAREHOUSES:
            for number in range(self.number_at(start), self.number_at(end)):
                yield self.update(armazem, number)

    def _draw(self, name: str, part: str, below: int) -> int:
        """A number from 0 to `below` - 1 that only depends on the seed and the names."""
        digest = hashlib.blake2b(f"{self.seed}|{name}|{part}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) % below


def as_json(update: Update) -> dict[str, object]:
    """The update as the warehouses' API writes it."""
    return {
        "id": update.id_atualizacao,
        "id_produto": update.id_produto,
        "nivel_estoque": update.nivel_estoque,
        "ponto_reposicao": update.ponto_reposicao,
        "timestamp": timestamp(update.momento, "android"),
    }


@lru_cache(maxsize=1)
def _products() -> tuple[str, ...]:
    return tuple(item.id_produto for item in items())


def _stride(count: int) -> int:
    """A step that shares no factor with the number of products."""
    return next(step for step in range(37, 37 + count) if gcd(step, count) == 1)
