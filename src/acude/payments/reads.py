"""Reads of decisions for the payment API: recent ones from memory, the others from a replica where there is one."""

import logging
from threading import Lock
from typing import Final

from cachetools import TTLCache
from pybreaker import CircuitBreaker, CircuitBreakerError

from acude.payments.store import AWAY, Row, Store
from acude.settings import Settings

log = logging.getLogger(__name__)

_KEPT: Final = 20_000
_KEPT_S: Final = 300.0
_REPLICA_PATIENCE_S: Final = 0.25
_REPLICA_LEFT_ALONE_S: Final = 5.0


class Reads:
    """The first decision on each payment.

    A decision never changes, so a cached one can't be wrong. It is cached for five minutes: to bound the memory, and
    because a person may be forgotten. The absence of a decision is not cached.

    Args:
        config: `risk_dsn` and `risk_read_dsn` name primary and replica.
    """

    def __init__(self, config: Settings) -> None:
        self._primary = Store(config)
        self._replica = _replica(config)
        self._kept: TTLCache[tuple[str, str | None], Row] = TTLCache(_KEPT, _KEPT_S)
        self._lock = Lock()
        self.breaker = CircuitBreaker(fail_max=1, reset_timeout=_REPLICA_LEFT_ALONE_S, name="replica")

    def close(self) -> None:
        """Closes the connections."""
        for store in (self._primary, self._replica):
            if store:
                store.close()

    def decision(self, id_transacao: str, client: str | None) -> Row | None:
        """The first decision on a payment of this client's, or with None of anybody's; None where there is none (yet).

        The primary is asked where the replica has none (it may lag) or does not answer.

        Raises:
            OperationalError, PoolTimeout: the primary does not answer.
        """
        with self._lock:
            found = self._kept.get((id_transacao, client))
        if found is None:
            found = self._from_replica(id_transacao, client) or self._primary.decision(id_transacao, client)
            if found:
                with self._lock:
                    self._kept[id_transacao, client] = found
        return found

    def is_reserved(self, id_transacao: str, client: str) -> bool:
        """Whether this client has asked for a decision under that id.

        Raises:
            OperationalError, PoolTimeout: the primary does not answer.
        """
        return self._primary.is_reserved(id_transacao, client)

    def _from_replica(self, id_transacao: str, client: str | None) -> Row | None:
        if not self._replica:
            return None
        try:
            found: Row | None = self.breaker.call(self._replica.decision, id_transacao, client)
        except CircuitBreakerError:
            return None
        except AWAY as problem:
            log.warning("the replica does not answer: %s", type(problem).__name__)
            return None
        return found


def _replica(config: Settings) -> Store | None:
    if not config.risk_read_dsn.get_secret_value():
        return None
    return Store(config.model_copy(update={"risk_dsn": config.risk_read_dsn}), patience_s=_REPLICA_PATIENCE_S)
