"""Payers with accounts, cards, devices and habits; receivers; terminals. All of it comes from the seed.

Payers are the shop's shoppers: `id_pagador` is their `id_usuario`, and they live in the same state.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from acude.risk.payment import Place
from acude.simulator.payments import documents, identifiers
from acude.simulator.payments.fields import Fields, Receiver, Terminal, online, terminal
from acude.simulator.payments.places import CAPITALS, near
from acude.simulator.payments.serde import moment
from acude.simulator.population import SHOPPERS, Population, Shopper, Weighted

PAYERS: Final = SHOPPERS
_MERCHANTS = 4_000
_TERMINALS = 3_000
_COMPANIES = 0.04
_LETTERED = 0.15
_NEW_ACCOUNTS = 0.04
_CREDENTIAL_CHANGED = 0.6
_SEVERAL_DEVICES = 0.4
_HIDE_THEIR_PLACE = 0.08
_DAY_S = 86_400
_COMPANY_FACTOR = 8
_USUAL_CENTS = 8_000

# How gladly somebody pays at an hour of Brazil's day, 0 to 23: early birds, office hours, evenings and nights.
_HABITS = (
    (0.02,) * 5 + (0.6, 1.0, 1.6, 1.6, 1.4, 1.2, 1.2, 1.2, 1.0, 1.0, 1.0, 1.0, 0.9, 0.7, 0.4, 0.2) + (0.05,) * 3,
    (0.03,) * 7 + (0.3, 0.9, 1.4, 1.5, 1.5, 1.8, 1.6, 1.4, 1.4, 1.4, 1.3, 1.0, 0.8, 0.6, 0.4, 0.2, 0.1),
    (1.2, 0.8, 0.5, 0.3, 0.2) + (0.1,) * 5 + (0.3, 0.5, 0.7, 0.7, 0.7, 0.7, 0.8, 1.0, 1.4, 1.8, 2.0, 2.0, 1.9, 1.6),
)


@dataclass(frozen=True, slots=True)
class Payer:
    """A person with an account.

    Attributes:
        account: the fields that are the same in all of their payments.
        company: a CNPJ rather than a CPF.
        uf: the state of their home.
        home: where that is.
        spots: places, devices and addresses from which they pay online, the usual one first.
        cards: tokens.
        wallet: their account of a payment app.
        usual_cents: median of their amounts.
        merchants: whom they pay for goods.
        friends: whom else they send Pix to.
        terminals: of the shops around.
    """

    account: Fields
    company: bool
    uf: str
    home: Place
    spots: tuple[Fields, ...]
    cards: tuple[str, ...]
    wallet: str
    usual_cents: float
    merchants: tuple[Receiver, ...]
    friends: tuple[Receiver, ...]
    terminals: tuple[Terminal, ...]

    @property
    def id(self) -> str:
        """`id_pagador`."""
        return str(self.account["id_pagador"])


class People:
    """Everybody. The same seed gives the same people; when new accounts were opened depends on the start."""

    def __init__(self, seed: int, start: datetime, payers: int = PAYERS) -> None:
        rng = random.Random(f"pagadores:{seed}")  # noqa: S311
        shoppers = Population(seed, payers).shoppers
        self._start = start
        self.merchants = tuple(Receiver(f"r{number}", identifiers.pix_key(rng)) for number in range(1, _MERCHANTS + 1))
        self._popular = Weighted([1 / rank**0.8 for rank in range(1, _MERCHANTS + 1)])
        self.persons = tuple(Receiver(shopper.id_usuario, identifiers.pix_key(rng)) for shopper in shoppers)
        self.terminals = _terminals(rng, shoppers)
        self._by_state: dict[str, list[Terminal]] = {}
        for one in self.terminals:
            self._by_state.setdefault(one.spot["uf"], []).append(one)
        bases = rng.sample(range(1, 10**9), payers)
        self.payers = tuple(self._payer(rng, shopper, base) for shopper, base in zip(shoppers, bases, strict=True))
        self._activity = [rng.lognormvariate(0, 0.7) for _ in self.payers]
        self._by_habit = self._habits()
        self._habit_at = tuple(Weighted(shares) for shares in zip(*_HABITS, strict=True))

    def at_hour(self, rng: random.Random, hour: int) -> Payer:
        """A payer for this hour of Brasília's day: active payers come more often, in their usual hours."""
        payers, weights = self._by_habit[self._habit_at[hour].draw(rng)]
        return payers[weights.draw(rng)]

    def person(self, rng: random.Random) -> Payer:
        """A person who is no company."""
        while True:
            payer = rng.choice(self.payers)
            if not payer.company:
                return payer

    def merchant(self, rng: random.Random) -> Receiver:
        """A shop, the popular ones more often."""
        return self.merchants[self._popular.draw(rng)]

    def around(self, uf: str) -> list[Terminal]:
        """All terminals of a state."""
        return self._by_state[uf]

    def newcomer(self, rng: random.Random, number: int, opened_s: float) -> Payer:
        """Somebody whose account was just opened (seconds since 1970); its number must be above all others."""
        shopper = Shopper(f"u{number}", rng.choice(tuple(CAPITALS)), ())
        return self._payer(rng, shopper, rng.randrange(1, 10**9), moment(opened_s))

    def _payer(self, rng: random.Random, shopper: Shopper, base: int, opened: datetime | None = None) -> Payer:
        company = opened is None and rng.random() < _COMPANIES
        lettered = company and self._start > documents.LETTERS_SINCE and rng.random() < _LETTERED
        document = documents.cnpj(rng, letters=lettered) if company else documents.cpf(base)
        since = documents.LETTERS_SINCE if lettered else None
        uf = shopper.regiao
        home = near(rng, CAPITALS[uf])
        return Payer(
            account=self._account(rng, shopper.id_usuario, document, opened or self._opened(rng, since)),
            company=company,
            uf=uf,
            home=home,
            spots=_spots(rng, uf, home),
            cards=tuple(identifiers.card_token(rng) for _ in range(rng.choice((1, 1, 2, 3)))),
            wallet=identifiers.wallet(rng),
            usual_cents=_USUAL_CENTS * rng.lognormvariate(0, 0.7) * (_COMPANY_FACTOR if company else 1),
            merchants=tuple(self.merchant(rng) for _ in range(rng.choice((4, 6, 8)))),
            friends=tuple(rng.choices(self.persons, k=3)),
            terminals=tuple(rng.choices(self._by_state[uf], k=4)),
        )

    def _account(self, rng: random.Random, name: str, document: str, opened: datetime) -> Fields:
        known = {"id_pagador": name, "documento_pagador": document, "conta_criada_em": opened}
        age_s = (self._start - opened).total_seconds()
        if age_s > 0 and rng.random() < _CREDENTIAL_CHANGED:
            known["credencial_alterada_em"] = moment(opened.timestamp() + age_s * rng.random())
        return known

    def _opened(self, rng: random.Random, since: datetime | None) -> datetime:
        """Mostly in the ten years before the start's year, the same for all of a year's starts; some weeks ago."""
        chance = rng.random()
        if since or chance < _NEW_ACCOUNTS:
            first = since or self._start - timedelta(days=60)
            return moment(first.timestamp() + (self._start - first).total_seconds() * rng.random())
        newest = self._start.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
        return moment(newest.timestamp() - 3_650 * _DAY_S * rng.random())

    def _habits(self) -> list[tuple[list[Payer], Weighted]]:
        """Per habit its payers, and a draw of them by activity."""
        members: list[list[int]] = [[] for _ in _HABITS]
        for number in range(len(self.payers)):
            members[number % len(_HABITS)].append(number)
        return [
            ([self.payers[number] for number in group], Weighted([self._activity[number] for number in group]))
            for group in members
        ]


def _terminals(rng: random.Random, shoppers: tuple[Shopper, ...]) -> tuple[Terminal, ...]:
    """Terminals where people live: a few in each state, the others by its number of payers."""
    states = [uf for uf in CAPITALS for _ in range(6)]
    states += [rng.choice(shoppers).regiao for _ in range(_TERMINALS - len(states))]
    return tuple(terminal(f"pos{number:05d}", uf, near(rng, CAPITALS[uf])) for number, uf in enumerate(states, 1))


def _spots(rng: random.Random, uf: str, home: Place) -> tuple[Fields, ...]:
    """At home and at work with the telephone; some have a second device at home, and some don't share their place."""
    phone, address = identifiers.device(rng), identifiers.ip(rng)
    hides = rng.random() < _HIDE_THEIR_PLACE
    spots = [
        online(uf, None if hides else home, phone, address),
        online(uf, None if hides else near(rng, home), phone, identifiers.ip(rng)),
    ]
    if rng.random() < _SEVERAL_DEVICES:
        spots.append(online(uf, None if hides else home, identifiers.device(rng), address))
    return tuple(spots)
