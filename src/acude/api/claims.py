"""Ids and Idempotency-Keys at the payment API: the first client to use one owns it, and only for the same payment."""

import json
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from enum import Enum, auto
from hashlib import sha256
from typing import Any, Final

from valkey.asyncio import Valkey
from valkey.exceptions import ValkeyError

_KEPT_S: Final = 86_400


class Claim(Enum):
    """What a claim met."""

    NEW = auto()
    SAME = auto()
    OTHER = auto()
    UNKNOWN = auto()


def content_of(fields: Mapping[str, Any]) -> bytes:
    """What a payment says, however it is written: fields have no order, and 10.0 is 10.00.

    >>> content_of({"valor": Decimal("10.0"), "id": "a"}) == content_of({"id": "a", "valor": Decimal("10.00")})
    True
    """
    plain = {name: one.normalize() if isinstance(one, Decimal) else one for name, one in fields.items()}
    return json.dumps(plain, default=str, sort_keys=True).encode()


class Claims:
    """Claims in Valkey, kept for a day.

    Args:
        client: with a time-out that a request can bear.
    """

    def __init__(self, client: Valkey) -> None:
        self._client = client

    async def claim(self, kind: str, name: str, owner: str, content: bytes) -> Claim:
        """Claims a name for a content.

        Returns:
            NEW for the first, SAME for its repetition by the same owner, OTHER for anything else, UNKNOWN where the
            store does not answer: then the payment goes on, and the worker still decides it once.
        """
        mark = owner.encode() + b"\n" + sha256(content).digest()
        try:
            before = await self._client.set(f"c:{kind}:{name}", mark, nx=True, get=True, ex=_KEPT_S)
        except ValkeyError:
            return Claim.UNKNOWN
        if before is None:
            return Claim.NEW
        return Claim.SAME if before == mark else Claim.OTHER

    async def release(self, kind: str, name: str) -> None:
        """Gives a claim up, where the store answers."""
        with suppress(ValkeyError):
            await self._client.delete(f"c:{kind}:{name}")

    async def owner(self, kind: str, name: str) -> str | None:
        """The client that claimed a name; None where none did, or the store does not answer."""
        try:
            found: bytes | None = await self._client.get(f"c:{kind}:{name}")
        except ValkeyError:
            return None
        return found.split(b"\n", 1)[0].decode() if found else None
