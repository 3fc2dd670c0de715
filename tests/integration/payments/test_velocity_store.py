"""The velocity store gives the model the same inputs as the lake's history, to the bit."""

import itertools
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import valkey

from acude.kafka.records import Coordinate
from acude.local.platform import Platform
from acude.payments.velocity_store import StoredDecision, VelocityStore
from acude.risk import inputs
from acude.risk.payment import Payment
from acude.risk.velocity import MOST_RECORDS, Past
from acude.risk_history.training import replay
from acude.simulator.payments import payments

BATCH = 16
STORED = StoredDecision(Coordinate("transacoes", 3, 17), b"{}", None)


@pytest.fixture
def store(platform: Platform) -> Iterator[VelocityStore]:
    """A store that nothing was written to: the secret keys its digests."""
    with valkey.from_url(platform.config.valkey_url.get_secret_value()) as client:
        yield VelocityStore(client, secrets.token_bytes(16))


def made(number: int, payers: int) -> list[Payment]:
    """Payments that no store has seen, of few payers, so that each has a past."""
    begin = datetime.now(UTC) - timedelta(days=3)
    stream = payments(time.time_ns(), begin, timedelta(days=3), number / 259_200, payers=payers, fraud_share=0.1)
    return [one.payment for one in itertools.islice(stream, number)]


def online(store: VelocityStore, sent: list[Payment]) -> np.ndarray:
    """The inputs as the workers compute them: a batch's past in one round trip, its own payments added on the way."""
    rows = []
    for start in range(0, len(sent), BATCH):
        batch = sent[start : start + BATCH]
        history = store.history_of(batch)
        for payment in batch:
            rows.append(inputs.vector(Past(payment, history.of(payment))))
            history.add(payment)
        store.add([(payment, STORED) for payment in batch])
    return np.array(rows, np.float32)


def test_inputs_from_the_store_are_those_from_the_lakes_history(store: VelocityStore) -> None:
    sent = made(1_500, payers=100)
    found = online(store, sent)
    expected = replay(sent, [False] * len(sent), since=sent[0].timestamp)
    assert found.shape == expected.shape == (1_500, len(inputs.NAMES))
    assert np.array_equal(found, expected, equal_nan=True)


def test_a_payment_that_is_stored_twice_counts_once(store: VelocityStore) -> None:
    first, second = made(2, payers=100)
    second = Payment(**{**{name: getattr(second, name) for name in Payment.__struct_fields__}, "id_pagador": "twice"})
    for _ in range(3):
        store.add([(second, STORED)])
    assert len(store.history_of([second]).of(second)["pagador"]) == 1
    assert store.history_of([first, second]).decided == {second.key: STORED}


def test_of_a_busy_entity_the_newest_are_kept(store: VelocityStore) -> None:
    name, begin = f"busy-{time.time_ns()}", datetime.now(UTC)
    (one,) = made(1, payers=100)
    fields = {field: getattr(one, field) for field in Payment.__struct_fields__}
    many = [
        Payment(
            **fields | {"id_transacao": f"{name}-{n}", "id_pagador": name, "timestamp": begin + timedelta(seconds=n)}
        )
        for n in range(MOST_RECORDS + 50)
    ]
    store.add([(payment, STORED) for payment in many])
    kept = store.history_of([many[-1]]).of(many[-1])["pagador"]
    assert (len(kept), int(kept["at"][0])) == (MOST_RECORDS, many[50].at_us)
