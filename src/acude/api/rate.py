"""Rate limits: counted in Valkey for all API processes together, by each process alone while Valkey is away."""

import logging
import time
from collections.abc import Callable
from typing import Any, Final

from limits import RateLimitItem
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from valkey.exceptions import ValkeyError

log = logging.getLogger(__name__)

_PATIENCE_S: Final = 0.25
_ALONE_S: Final = 1.0


class RateLimit:
    """A sliding window per client.

    Args:
        agreed: how many requests each client may make, and in which time.
        valkey_url: `redis://…`; it keeps the counts.
        clock: monotonic seconds.
    """

    def __init__(self, agreed: RateLimitItem, valkey_url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._item = agreed
        patience: dict[str, Any] = {"socket_timeout": _PATIENCE_S, "socket_connect_timeout": _PATIENCE_S}
        shared = RedisStorage(f"async+{valkey_url}", implementation="valkey", key_prefix="taxa", **patience)
        self._storage = shared
        self._shared = SlidingWindowCounterRateLimiter(shared)
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._clock = clock
        self._alone_until = 0.0

    def __str__(self) -> str:
        return str(self._item)

    async def admits(self, client: str) -> bool:
        """Counts a request, and says whether it may be made."""
        if self._clock() >= self._alone_until:
            try:
                return await self._shared.hit(self._item, client)
            except ValkeyError as problem:
                # Not asked again with each request: a Valkey that hangs would cost each one a time-out.
                log.warning("rates are counted here alone: %s", type(problem).__name__)
                self._alone_until = self._clock() + _ALONE_S
        return await self._own.hit(self._item, client)

    async def close(self) -> None:
        """Closes the connections."""
        bridge: Any = self._storage.bridge
        await bridge.get_connection().aclose()
