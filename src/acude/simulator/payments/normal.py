"""What ordinary payers do: the types' mix, card-present and online payments, instalments, refunds."""

import math
import random
from datetime import UTC, datetime, timedelta
from statistics import NormalDist
from typing import Any

from acude.simulator.payments import fields, identifiers
from acude.simulator.payments.fields import Fields, Receiver
from acude.simulator.payments.people import Payer, People
from acude.simulator.population import Weighted

_BRASILIA_S = -3 * 3_600
_SPREAD = 0.6
_TYPES = ("pix", "credito", "debito", "boleto", "carteira")
_TYPE_WEIGHTS = (55, 22, 12, 4, 7)
_COMPANY_TYPE_WEIGHTS = (60, 12, 3, 25, 0)
_TO_A_FRIEND = 0.35
_USUAL_RECEIVER = 0.85
_USUAL_TERMINAL = 0.97
_USUAL_SPOT = 0.7
_NEW_DEVICE = 0.004
_AT_A_TERMINAL = {"credito": 0.45, "debito": 0.8}
_CONTACTLESS = 0.55
_CHIP = 0.97
_TYPED_IN = 0.05
_LEAST_CENTS = 100
_INSTALMENTS_FROM_CENTS = 10_000
_IN_INSTALMENTS = 0.35

_REFUNDED = 0.015
_WHOLE_REFUND = 0.8
_REMEMBERED = 4_096
_REMEMBER = 0.05

_FACTORS = tuple(math.exp(_SPREAD * NormalDist().inv_cdf((place + 0.5) / 4_096)) for place in range(4_096))
"""A log-normal distribution, cut into equal shares: drawing from it is three times as fast as `lognormvariate`."""


class Normal:
    """Ordinary payments, one per call."""

    def __init__(self, people: People, rng: random.Random) -> None:
        self._people = people
        self._rng = rng
        self._types = Weighted(_TYPE_WEIGHTS)
        self._company_types = Weighted(_COMPANY_TYPE_WEIGHTS)
        self._refundable: list[dict[str, Any]] = []

    def at(self, epoch_s: float) -> dict[str, Any]:
        """The fields, without id and time, of a payment or refund at this moment (seconds since 1970)."""
        rng = self._rng
        if self._refundable and rng.random() < _REFUNDED:
            return self._refund()
        payer = self._people.at_hour(rng, int((epoch_s + _BRASILIA_S) // 3_600) % 24)
        types = self._company_types if payer.company else self._types
        paid = self.payment(payer, _TYPES[types.draw(rng)], epoch_s)
        if rng.random() < _REMEMBER:
            self._remember(paid)
        return paid

    def payment(self, payer: Payer, kind: str, epoch_s: float) -> dict[str, Any]:
        """A payment of that type as this payer makes them."""
        cents = usual_cents(self._rng, payer)
        if kind in _AT_A_TERMINAL:
            return self._card(payer, kind, cents)
        if kind == "pix" and self._rng.random() < _TO_A_FRIEND:
            friend = payer.friends[int(self._rng.random() * len(payer.friends))]
            return fields.payment(payer.account, self._spot(payer), fields.pix(friend), cents)
        return self._online(payer, self._way(payer, kind, epoch_s), cents)

    def _way(self, payer: Payer, kind: str, epoch_s: float) -> Fields:
        receiver = self._receiver(payer)
        if kind == "pix":
            return fields.pix(receiver)
        way = {"tipo_pagamento": kind, "id_recebedor": receiver.id_recebedor}
        if kind == "carteira":
            return {**way, "id_carteira": payer.wallet}
        due = datetime.fromtimestamp(epoch_s, UTC) + timedelta(days=int(self._rng.random() * 10))
        return {**way, "vencimento": due.date()}

    def _card(self, payer: Payer, kind: str, cents: int) -> dict[str, Any]:
        rng = self._rng
        receiver = self._receiver(payer)
        token = payer.cards[int(rng.random() * len(payer.cards))]
        parcelas = self._instalments(cents) if kind == "credito" else None
        if rng.random() >= _AT_A_TERMINAL[kind]:
            entrada = "digitada" if rng.random() < _TYPED_IN else "online"
            return self._online(payer, fields.card(kind, receiver, token, entrada, parcelas), cents)
        nearby = rng.random() < _USUAL_TERMINAL
        terminals = payer.terminals if nearby else self._people.around(payer.uf)
        terminal = terminals[int(rng.random() * len(terminals))]
        chance = rng.random()
        entrada = "aproximacao" if chance < _CONTACTLESS else "chip" if chance < _CHIP else "tarja"
        way = fields.card(kind, receiver, token, entrada, parcelas)
        return fields.payment(payer.account, terminal.spot, way, cents)

    def _online(self, payer: Payer, way: Fields, cents: int) -> dict[str, Any]:
        paid = fields.payment(payer.account, self._spot(payer), way, cents)
        paid["id_pedido"] = identifiers.order(self._rng)
        return paid

    def _spot(self, payer: Payer) -> Fields:
        chance = self._rng.random()
        if chance < _USUAL_SPOT:
            return payer.spots[0]
        if chance > 1 - _NEW_DEVICE:
            # Not every new telephone is a thief's.
            return {**payer.spots[0], "id_dispositivo": identifiers.device(self._rng), "ip": identifiers.ip(self._rng)}
        return payer.spots[int(self._rng.random() * len(payer.spots))]

    def _receiver(self, payer: Payer) -> Receiver:
        rng = self._rng
        if rng.random() < _USUAL_RECEIVER:
            return payer.merchants[int(rng.random() * len(payer.merchants))]
        return self._people.merchant(rng)

    def _instalments(self, cents: int) -> int:
        if cents < _INSTALMENTS_FROM_CENTS or self._rng.random() >= _IN_INSTALMENTS:
            return 1
        return 2 + int(self._rng.random() * 11)

    def _remember(self, paid: dict[str, Any]) -> None:
        if len(self._refundable) < _REMEMBERED:
            self._refundable.append(paid)
        else:
            self._refundable[int(self._rng.random() * _REMEMBERED)] = paid

    def _refund(self) -> dict[str, Any]:
        """Of a payment that wasn't refunded yet."""
        rng = self._rng
        place = int(rng.random() * len(self._refundable))
        self._refundable[place], self._refundable[-1] = self._refundable[-1], self._refundable[place]
        paid = self._refundable.pop()
        cents = int(paid["valor"].scaleb(2))
        whole = rng.random() < _WHOLE_REFUND
        return fields.refund(paid, cents if whole else max(1, int(cents * rng.random())))


def usual_cents(rng: random.Random, payer: Payer) -> int:
    """An amount as this payer spends it: log-normal around their median, at least a real."""
    cents = int(payer.usual_cents * _FACTORS[int(rng.random() * len(_FACTORS))] * (0.99 + 0.02 * rng.random()))
    return max(_LEAST_CENTS, cents)
