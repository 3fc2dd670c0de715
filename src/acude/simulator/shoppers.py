"""Sessions of shoppers: search, view, click, cart, purchase.

Pure: the same seed and start give the same events, ids included.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from acude.simulator.population import Item, Population, Shopper
from acude.simulator.rhythm import moments

MOEDA = "BRL"
SECONDS_BETWEEN_STEPS = 20
"""Mean pause of a shopper between two events at the mean rate; it decides how many sessions run at once."""
MOST_SESSIONS = 5_000
"""At high rates shoppers hurry; otherwise all of them would be in the shop at once."""

_LOGIN = 0.35
_SEARCH = 0.25
_CLICK = 0.45
_CART = 0.35
_BUY = 0.55
_COUPON = 0.15
_LOOK_ON = 0.80
_SEVERAL = 0.25
_CHANNELS = ("site", "site", "android", "android", "ios")


class Event(NamedTuple):
    """What one shopper did at one moment.

    `momento` is UTC; `quantidade` is set for carts and purchases, `id_pedido`, `preco` (BRL, two decimals) and `moeda`
    for purchases. The fields after `moeda` don't travel in the event: the state the shopper lives in, the channel, and
    which line of how many of its order a purchase is.
    """

    id_evento: str
    id_usuario: str
    tipo_evento: str
    momento: datetime
    id_produto: str | None = None
    id_pedido: str | None = None
    quantidade: int | None = None
    preco: Decimal | None = None
    moeda: str | None = None
    regiao: str = ""
    origem: str = "site"
    linha: int = 0
    linhas: int = 0


class _Step(NamedTuple):
    """One planned action of a session."""

    tipo_evento: str
    item: Item | None = None
    id_pedido: str | None = None
    quantidade: int | None = None
    preco: Decimal | None = None
    linha: int = 0
    linhas: int = 0


@dataclass(slots=True)
class _Session:
    """A shopper on their way; `steps` are still to come, the next one last."""

    shopper: Shopper
    channel: str
    steps: list[_Step] = field(default_factory=list)


def events(seed: int, start: datetime, duration: timedelta | None, rate: float) -> Iterator[Event]:
    """The shop's events in the order in which they happen.

    Args:
        seed: decides everything but the time.
        start: when it begins (UTC). A run that starts at another time has other ids.
        duration: how long it goes on; None for ever.
        rate: events per second; see `rhythm.moments` for what it means over a day.
    """
    start = start.astimezone(UTC)
    rng = random.Random(f"eventos:{seed}:{start.isoformat()}")  # noqa: S311
    population = Population(seed)
    pool: list[_Session | None] = [None] * min(MOST_SESSIONS, max(1, round(rate * SECONDS_BETWEEN_STEPS)))
    places = len(pool)
    for epoch_s in moments(rng, start, duration, rate):
        place = int(rng.random() * places)
        session = pool[place] or _new_session(rng, population)
        step = session.steps.pop()
        pool[place] = session if session.steps else None
        yield _event(rng, session, step, epoch_s)


def _event(rng: random.Random, session: _Session, step: _Step, epoch_s: float) -> Event:
    return Event(
        _uuid(rng),
        session.shopper.id_usuario,
        step.tipo_evento,
        # Whole milliseconds, as the records have them.
        datetime.fromtimestamp(int(epoch_s * 1000) / 1000, UTC),
        step.item.id_produto if step.item else None,
        step.id_pedido,
        step.quantidade,
        step.preco,
        MOEDA if step.preco is not None else None,
        session.shopper.regiao,
        session.channel,
        step.linha,
        step.linhas,
    )


def _uuid(rng: random.Random) -> str:
    """A version 4 UUID whose bits come from the seed."""
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _new_session(rng: random.Random, population: Population) -> _Session:
    """Plan one visit: everything the shopper will do, in order."""
    shopper = population.shopper(rng)
    steps: list[_Step] = []
    cart: dict[str, tuple[Item, int]] = {}
    if rng.random() < _LOGIN:
        steps.append(_Step("login"))
    looking = True
    while looking:
        if rng.random() < _SEARCH:
            steps.append(_Step("busca"))
        _look(rng, population.item(rng, shopper), steps, cart)
        looking = rng.random() < _LOOK_ON
    if cart and rng.random() < _BUY:
        steps += _purchase(rng, cart)
    steps.reverse()
    return _Session(shopper, _CHANNELS[int(rng.random() * len(_CHANNELS))], steps)


def _look(rng: random.Random, item: Item, steps: list[_Step], cart: dict[str, tuple[Item, int]]) -> None:
    """View one product, and go as far with it as chance has it."""
    steps.append(_Step("visualizacao", item))
    if rng.random() >= _CLICK:
        return
    steps.append(_Step("clique", item))
    if rng.random() >= _CART:
        return
    pieces = 1 + int(rng.random() * 5) if rng.random() < _SEVERAL else 1
    steps.append(_Step("carrinho", item, quantidade=pieces))
    before = cart.get(item.id_produto, (item, 0))[1]
    cart[item.id_produto] = (item, before + pieces)


def _purchase(rng: random.Random, cart: dict[str, tuple[Item, int]]) -> Iterator[_Step]:
    """One order: a purchase for each product in the cart."""
    order = f"P{rng.getrandbits(64):016x}"
    coupon = rng.random() < _COUPON
    for line, (item, pieces) in enumerate(cart.values(), 1):
        price = item.preco_com_cupom if coupon else item.preco
        yield _Step("compra", item, order, pieces, price, line, len(cart))
