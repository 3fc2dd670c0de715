"""Parts of a payment: payer, place, way of paying, amount. A payment is their union."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from acude.risk.payment import Place
from acude.simulator.payments.serde import brl

Fields = Mapping[str, Any]
"""Some of a payment's fields by the contract's names."""


class Receiver(NamedTuple):
    """An account that can be paid, and its Pix key."""

    id_recebedor: str
    chave_pix: str


class Terminal(NamedTuple):
    """A card terminal and where it stands; `spot` is what a payment at it says about that."""

    place: Place
    spot: Fields


def terminal(name: str, uf: str | None, place: Place) -> Terminal:
    """A terminal; `uf` is None abroad."""
    return Terminal(place, {**whereabouts(uf, place), "id_terminal": name})


def whereabouts(uf: str | None, place: Place | None) -> Fields:
    """The fields of a place; `uf` is None abroad, the place None where only the state is known."""
    return {"uf": uf, "latitude": place.latitude, "longitude": place.longitude} if place else {"uf": uf}


def online(uf: str | None, place: Place | None, device: str, ip: str) -> Fields:
    """The fields of a phone or browser at a place."""
    return {**whereabouts(uf, place), "id_dispositivo": device, "ip": ip}


def pix(receiver: Receiver) -> Fields:
    """Paid by Pix."""
    return {"tipo_pagamento": "pix", "id_recebedor": receiver.id_recebedor, "chave_pix": receiver.chave_pix}


def card(kind: str, receiver: Receiver, token: str, entrada: str, parcelas: int | None = None) -> Fields:
    """Paid by card; `kind` is `credito` or `debito`, instalments are for credit alone."""
    return {
        "tipo_pagamento": kind,
        "id_recebedor": receiver.id_recebedor,
        "token_cartao": token,
        "entrada": entrada,
        "parcelas": parcelas,
    }


def payment(account: Fields, spot: Fields, way: Fields, cents: int) -> dict[str, Any]:
    """All fields of a payment but its id and time.

    Args:
        account: the payer's.
        spot: where, and with which device or terminal.
        way: how, and to whom.
        cents: how much, in hundredths of a real.
    """
    return {**account, **spot, **way, "operacao": "pagamento", "valor": brl(cents), "moeda": "BRL"}


def refund(paid: Fields, cents: int) -> dict[str, Any]:
    """The refund of a payment, or of a part of it."""
    return {**paid, "operacao": "estorno", "valor": brl(cents)}
