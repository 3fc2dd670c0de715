"""Ids and Idempotency-Keys at the payment API: a client's first payment under a name owns it, for good.

The reservations in the database decide. Valkey remembers what they said for a day, so that a payment that is sent again
costs them nothing; while they do not answer, it decides alone. Where neither answers, nothing is claimed.
"""

import asyncio
from contextlib import suppress
from enum import Enum, auto
from typing import Final

from valkey.asyncio import Valkey
from valkey.exceptions import ValkeyError

from acude.payments.reservations import PATIENCE_S, Held, Reservations, ReservationsError, Wanted

_KEPT_S: Final = 86_400


class Claim(Enum):
    """What a claim met."""

    NEW = auto()
    SAME = auto()
    OTHER = auto()


class ClaimsError(ConnectionError):
    """Neither the database nor Valkey answers: nobody can say whether a payment is the first under its name."""


class Claims:
    """Claims of names.

    Args:
        client: with a time-out that a request can bear.
        reservations: the database's.
    """

    def __init__(self, client: Valkey, reservations: Reservations) -> None:
        self._client = client
        self._reservations = reservations

    async def claim(self, wanted: Wanted) -> Claim:
        """Claims a name for a payment.

        Returns:
            NEW for the first payment, SAME for its repetition, OTHER where another payment has the name.

        Raises:
            ClaimsError: nobody knows.
        """
        remembered: bytes | None = None
        knows = True
        try:
            # Written at once, before the database is asked: while it is away, of two requests one is the first.
            remembered = await self._client.set(_name(wanted), wanted.content, nx=True, get=True, ex=_KEPT_S)
        except ValkeyError:
            knows = False
        if remembered is not None:
            return _met(wanted, remembered)
        try:
            (held,) = await self._reserved(wanted)
        except ReservationsError as problem:
            if not knows:
                raise ClaimsError from problem
            return Claim.NEW
        if held.new:
            return Claim.NEW
        found = _met(wanted, held.content or wanted.content)
        if found is Claim.OTHER:
            with suppress(ValkeyError):
                await self._client.set(_name(wanted), held.content or b"", ex=_KEPT_S)
        return found

    async def _reserved(self, wanted: Wanted) -> list[Held]:
        answer = self._reservations.ask([wanted])
        try:
            return await asyncio.wait_for(asyncio.wrap_future(answer), PATIENCE_S)
        except TimeoutError as problem:
            self._reservations.give_up(answer)
            raise ReservationsError from problem

    async def release(self, wanted: Wanted) -> None:
        """Gives up a claim that was NEW, and of which nothing was sent."""
        self._reservations.free(wanted)
        with suppress(ValkeyError):
            await self._client.delete(_name(wanted))

    async def note_taken(self, wanted: Wanted) -> None:
        """Remembers that the broker has the payment."""
        with suppress(ValkeyError):
            await self._client.set(_name(wanted, "taken"), b"", ex=_KEPT_S)

    async def is_taken(self, wanted: Wanted) -> bool:
        """Whether the broker surely has the payment; False also where nobody remembers."""
        with suppress(ValkeyError):
            return bool(await self._client.exists(_name(wanted, "taken")))
        return False


def _met(wanted: Wanted, content: bytes) -> Claim:
    return Claim.SAME if content == wanted.content else Claim.OTHER


def _name(wanted: Wanted, kind: str | None = None) -> str:
    """The name in Valkey; clients and names have no slash."""
    return f"c:{kind or wanted.kind}:{wanted.client}/{wanted.name}"
