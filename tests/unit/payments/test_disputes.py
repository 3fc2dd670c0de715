"""The consumer of disputes, beside a worker."""

import threading
from typing import Any

import pytest

from acude.kafka.health import Health
from acude.payments import disputes
from acude.payments.disputes import Disputes
from acude.payments.velocity_store import VelocityStoreError
from acude.risk.disputes import Dispute
from tests.unit.payments.letters import Letters


class Away:
    """A velocity store that does not answer twice."""

    def __init__(self) -> None:
        self.tries: list[float] = []
        self.health = Health()

    def store_disputes(self, _: object) -> None:
        self.tries.append(self.health._beat)
        if len(self.tries) < 3:
            raise VelocityStoreError


def test_a_store_that_is_away_is_no_hung_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disputes, "_RETRY_S", 0.001)
    store: Any = Away()
    consumer = Disputes(store, threading.Event(), store.health, Letters())
    assert consumer.store([Dispute(("", "t-1"), "pos-1", 0, 0)])
    assert store.tries == sorted(set(store.tries))
