"""Payments that flow while servers are killed are each in the lake once, with one decision each."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

import orjson
import pytest
from deltalake import DeltaTable
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from acude.aws import storage_options
from acude.kafka.producer import connect
from acude.local.platform import Platform
from acude.payments.serde import DECISIONS, TOPIC
from acude.payments.store import Store
from acude.settings import Settings
from tests.integration.payments.conftest import some_payments

WITHIN_S = 400


class Payers:
    """They pay all the time, and remember what the broker has acknowledged."""

    def __init__(self, config: Settings) -> None:
        self._producer = connect(config, "acude-teste", linger_ms=5)
        self._payments = some_payments(5_000)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._pay, daemon=True)
        self.acknowledged: set[str] = set()

    @contextmanager
    def paying(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._thread.join()

    def _pay(self) -> None:
        for payment in self._payments:
            key, value, name = payment["id_pagador"].encode(), orjson.dumps(payment), payment["id_transacao"]
            self._producer.send(TOPIC, value, key).add_callback(partial(self._answered, name))
            if self._over.wait(0.2):
                break
        self._producer.flush(WITHIN_S)
        self._producer.close(WITHIN_S)

    def _answered(self, name: str, _: Any) -> None:  # noqa: ANN401 - kafka-python has no types
        self.acknowledged.add(name)

    def wait_for(self, more: int) -> None:
        """Until so many more payments have been acknowledged."""
        least = len(self.acknowledged) + more
        patient = Retrying(
            retry=retry_if_result(lambda found: found < least), stop=stop_after_delay(WITHIN_S), wait=wait_fixed(0.2)
        )
        patient(lambda: len(self.acknowledged))


def in_table(config: Settings, table: str, names: set[str]) -> Counter[str]:
    """How often each of these payments is in a table of silver, read by delta-rs."""
    place = f"s3://{config.lake_bucket}/silver/{table}"
    found = DeltaTable(place, storage_options=storage_options(config)).to_pyarrow_table(columns=["id_transacao"])
    return Counter(name for name in found["id_transacao"].to_pylist() if name in names)


@pytest.mark.soak
@pytest.mark.timeout(1500)
def test_payments_that_flow_while_servers_are_killed_are_in_the_lake_once(streams: Platform) -> None:
    payers = Payers(streams.config)
    with payers.paying():
        for victim in ("s3", "kafka", "risk-worker", "streams"):
            payers.wait_for(30)
            pid = streams.pid(victim)
            assert pid
            os.kill(pid, signal.SIGKILL)
            streams.wait_back(victim, pid)
        payers.wait_for(30)
    names = payers.acknowledged
    assert len(names) > 100
    once = Counter(names)
    for table in (TOPIC, DECISIONS):
        assert eventually(streams.config, table, names) == once
    with closing(Store(streams.config)) as store:
        missing = {name for name in names if store.decision(name) is None}
    assert missing == set()


def eventually(config: Settings, table: str, names: set[str]) -> Counter[str]:
    """The same, once each is there, or as far as it got."""
    patient = Retrying(
        retry=retry_if_result(lambda found: len(found) < len(names)),
        stop=stop_after_delay(WITHIN_S),
        wait=wait_fixed(2),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else Counter(),
    )
    return patient(in_table, config, table, names)
