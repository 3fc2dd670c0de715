"""The velocity store gives the model the same inputs as the lake's history, to the bit."""

import itertools
import secrets
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest
import valkey
from msgspec import structs

from acude.kafka.records import Coordinate
from acude.local.platform import Platform
from acude.payments import velocity_store
from acude.payments.blacklist import Blacklist
from acude.payments.decision_engine import DecisionEngine
from acude.payments.reservations import Reservations
from acude.payments.serde import Arrival
from acude.payments.velocity_store import StoredDecision, VelocityStore
from acude.risk import history, inputs
from acude.risk.disputes import Dispute
from acude.risk.history import MOST_RECORDS
from acude.risk.payment import ENTITIES, RECORD, Payment, record
from acude.risk.policy import read
from acude.risk.rules import Rules
from acude.risk.velocity import KEPT, Past
from acude.risk_history.boosted_trees import replay
from acude.risk_history.known_pasts import Pasts
from acude.simulator.payments import payments

BATCH = 16
STORED = StoredDecision(Coordinate("transacoes", 3, 17), b"{}", None)


@pytest.fixture
def store(platform: Platform) -> Iterator[VelocityStore]:
    """A store that nothing was written to: the secret keys its digests."""
    with valkey.from_url(platform.config.valkey_url.get_secret_value()) as client:
        yield VelocityStore(client, secrets.token_bytes(16))


def made(number: int, payers: int, days: int = 3) -> list[Payment]:
    """Payments that no store has seen, of few payers, so that each has a past.

    Those of one microsecond come in the order in which the lake's history counts them.
    """
    begin, rate = datetime.now(UTC) - timedelta(days=days), number / (days * 86_400)
    stream = payments(time.time_ns(), begin, timedelta(days=days), rate, payers=payers, fraud_share=0.1)
    found = [one.payment for one in itertools.islice(stream, number)]
    return sorted(found, key=lambda one: (one.at_us, int(np.frombuffer(record(one), RECORD)["id"][0])))


def online(store: VelocityStore, sent: list[Payment]) -> np.ndarray:
    """The inputs as the workers compute them: a batch's past in one round trip, its own payments added on the way."""
    rows = []
    for start in range(0, len(sent), BATCH):
        batch = sent[start : start + BATCH]
        known = store.history_of(batch)
        for payment in batch:
            rows.append(inputs.vector(Past(payment, known.of(payment))))
            known.add(payment)
        store.add([(payment, STORED) for payment in batch])
    return np.array(rows, np.float32)


def test_inputs_from_the_store_are_those_from_the_lakes_history(store: VelocityStore) -> None:
    sent = made(1_500, payers=100)
    found = online(store, sent)
    expected = replay(sent, [False] * len(sent), since=sent[0].timestamp)
    assert found.shape == expected.shape == (1_500, len(inputs.NAMES))
    assert np.array_equal(found, expected, equal_nan=True)


def test_inputs_of_busy_entities_are_those_from_the_lakes_history(
    store: VelocityStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (history, velocity_store):
        monkeypatch.setattr(module, "MOST_RECORDS", 4)
    sent = made(1_500, payers=100, days=36)
    found = online(store, sent)
    expected = replay(sent, [False] * len(sent), since=sent[0].timestamp)
    assert np.array_equal(found, expected, equal_nan=True)
    busiest = max(store.history_of(sent[-50:]).histories.values(), key=lambda one: int(one.hours["count"].sum()))
    assert len(busiest.rows) == 4
    assert len(busiest.hours) > 20


def test_a_payment_that_is_stored_twice_counts_once(store: VelocityStore) -> None:
    first, second = made(2, payers=100)
    second = Payment(**{**{name: getattr(second, name) for name in Payment.__struct_fields__}, "id_pagador": "twice"})
    for _ in range(3):
        store.add([(second, STORED)])
    assert len(store.history_of([second]).of(second)["pagador"].rows) == 1
    assert store.history_of([first, second]).decided == {second.key: STORED}


def test_inputs_of_payments_that_come_late_are_those_of_the_replay(
    store: VelocityStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several of a moment, in another order than their dates; of busy entities the last to arrive are kept."""
    for module in (history, velocity_store):
        monkeypatch.setattr(module, "MOST_RECORDS", 4)
    sent = made(600, payers=100)
    begin = sent[-1].timestamp
    sent = [
        structs.replace(one, carimbo_kafka=begin + timedelta(milliseconds=n // 5), importada=n % 7 == 0 or None)
        for n, one in enumerate(sorted(sent, key=lambda one: one.id_transacao))
    ]
    pasts, rows = Pasts(), []
    for own in sent:
        row = structs.asdict(own) | {"grupo": 0, "fraude_us": None, "decidir": True, "listas": []}
        rows += [inputs.vector(past) for past, _ in pasts.of([row | {"entidades": list(ENTITIES)}])]
    assert np.array_equal(online(store, sent), np.array(rows, np.float32), equal_nan=True)


def test_records_of_a_former_version_are_read_and_displaced(
    store: VelocityStore, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (history, velocity_store):
        monkeypatch.setattr(module, "MOST_RECORDS", 4)
    shared = {"id_pagador": secrets.token_hex(8), "id_terminal": None, "ip": None}
    sent = [structs.replace(one, **shared) for one in made(12, payers=100)]
    with valkey.from_url(platform.config.valkey_url.get_secret_value()) as client:
        key = store._key("pagador", shared["id_pagador"] or "")
        client.zadd(key, {record(one)[:56]: one.at_us for one in sent[:4]})
    found = online(store, sent[4:])
    expected = replay(sent, [False] * len(sent), since=sent[4].timestamp)
    payer = [place for place, name in enumerate(inputs.NAMES) if name.startswith("pagador")]
    assert np.array_equal(found[:, payer], expected[:, payer], equal_nan=True)


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
    assert (len(kept.rows), int(kept.rows["at"][0])) == (MOST_RECORDS, many[50].at_us)
    assert int(kept.hours["count"].sum()) == 50
    store.add([(payment, STORED) for payment in many[50:]])
    assert store.history_of([many[-1]]).of(many[-1])["pagador"].hours.tobytes() == kept.hours.tobytes()


def dispute(
    name: str, terminal: str | None, at_us: int, client: str = "", known_at_us: int = 0, **more: bool
) -> Dispute:
    return Dispute((client, name), terminal, at_us, known_at_us, **more)


def in_the_lake(disputes: Sequence[Dispute]) -> dict[str, list[int]]:
    """The frauds that the replay of the lake knows after disputes, by terminal."""
    pasts = Pasts()
    for one in disputes:
        client, number = one.payment
        known_at = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=one.known_at_us)
        row = {"id_cliente": client, "id_transacao": number, "id_terminal": one.id_terminal, "fraude_us": one.at_us}
        assert list(pasts.of([{"grupo": 0, **row, "conhecida_em": known_at, "honesta": one.honest}])) == []
    return {terminal: sorted(found.values()) for terminal, found in pasts._frauds.items() if found}


def test_the_last_dispute_on_each_clients_payment_holds_in_whichever_order_they_come(store: VelocityStore) -> None:
    (one,) = made(1, payers=100)
    for order in itertools.permutations(range(5)):
        here, there, name = (secrets.token_hex(8) for _ in range(3))
        disputes = [
            dispute(name, here, 1, known_at_us=5),
            dispute(name, here, 1, known_at_us=6, honest=True),
            dispute(name, here, 2, client="loja", known_at_us=6),
            dispute(name, here, 2, client="loja", known_at_us=6, honest=True),
            dispute(name, there, 3, client="banca", known_at_us=4),
        ]
        some = [disputes[place] for place in order]
        for part in some:
            store.store_disputes([part])
        asked = [msgspec.structs.replace(one, id_terminal=terminal) for terminal in (here, there)]
        frauds = {terminal: found.tolist() for terminal, found in store.history_of(asked).frauds.items()}
        assert frauds == in_the_lake(some) == {here: [2], there: [3]}


def test_a_dispute_clears_and_moves_the_fraud_of_its_payment_in_whichever_order_they_come(store: VelocityStore) -> None:
    """One that names no terminal clears what another said of one; the last terminal that is named holds."""
    (one,) = made(1, payers=100)
    for order in itertools.permutations(range(6)):
        here, there, client = (secrets.token_hex(8) for _ in range(3))
        disputes = [
            dispute("limpa", here, 1, client, known_at_us=5),
            dispute("limpa", None, 0, client, known_at_us=6, honest=True),
            dispute("mudou", here, 2, client, known_at_us=5),
            dispute("mudou", there, 3, client, known_at_us=7),
            dispute("volta", None, 0, client, known_at_us=9),
            dispute("volta", there, 4, client, known_at_us=8, honest=True),
        ]
        some = [disputes[place] for place in order]
        for part in some:
            store.store_disputes([part])
        asked = [msgspec.structs.replace(one, id_terminal=terminal) for terminal in (here, there)]
        frauds = {terminal: found.tolist() for terminal, found in store.history_of(asked).frauds.items()}
        assert frauds == in_the_lake(some) == {there: [3, 4]}


def test_a_new_key_carries_the_history_over(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (history, velocity_store):
        monkeypatch.setattr(module, "MOST_RECORDS", 4)
    sent, first, second = made(900, payers=100, days=36), secrets.token_bytes(16), secrets.token_bytes(16)
    at_terminal = next(one for one in sent if one.id_terminal)
    terminal = at_terminal.id_terminal or ""
    with valkey.from_url(platform.config.valkey_url.get_secret_value()) as client:
        old, new = VelocityStore(client, first), VelocityStore(client, second, before=first)
        old.begin(0)
        found = [online(old, sent[:448]), online(new, sent[448:])]
        old.store_disputes([dispute("antes", terminal, 6), dispute("engano", terminal, 8)])
        new.store_disputes([dispute("depois", terminal, 9), dispute("engano", terminal, 8, known_at_us=1, honest=True)])
        new.store_disputes([dispute("engano", terminal, 8), dispute("antes", terminal, 7, known_at_us=1)])
        of_both = new.history_of([at_terminal])
        assert of_both.frauds[terminal].tolist() == [7, 9]
        assert (of_both.since_ms, of_both.begun) == (0, False)
        alone = VelocityStore(client, second).history_of(sent[-1:])
        assert (alone.since_ms, alone.begun) == (None, False)
    expected = replay(sent, [False] * len(sent), since=sent[0].timestamp)
    assert np.array_equal(np.concatenate(found), expected, equal_nan=True)


def test_a_payment_under_both_keys_counts_once(platform: Platform) -> None:
    (one,), first, second = made(1, payers=100), secrets.token_bytes(16), secrets.token_bytes(16)
    with valkey.from_url(platform.config.valkey_url.get_secret_value()) as client:
        old, new = VelocityStore(client, first), VelocityStore(client, second, before=first)
        for store in (old, new):
            store.add([(one, STORED)])
        assert [len(found.rows) for found in new.history_of([one]).histories.values()] == [1] * len(
            old.history_of([one]).histories
        )


@pytest.fixture
def engine(store: VelocityStore, platform: Platform) -> Iterator[DecisionEngine]:
    """A worker's, with the product's rules and no external list."""
    config = platform.config.model_copy(update={"blacklist_url": ""})
    rules, reservations = Rules(read()), Reservations(config, "acude-prova")
    yield DecisionEngine(store, reservations, Blacklist(config), lambda: rules, timedelta(hours=1))
    reservations.close()


def causes(engine: DecisionEngine, sent: list[Payment], offset: int) -> list[set[str]]:
    """Why each decision on payments that lie from an offset on is degraded."""
    now = time.time_ns() // 1_000_000
    arrivals = [Arrival(one, Coordinate("t", 0, offset + n), now, f"r{offset + n}") for n, one in enumerate(sent)]
    return [set(found.decision.degraded) for found in engine.decide(arrivals) if found.decision]


def test_what_a_worker_stored_before_it_died_is_sent_again_as_it_was_and_counts_once(
    engine: DecisionEngine, store: VelocityStore
) -> None:
    sent = [structs.replace(one, id_pagador="morto") for one in made(5, payers=100)]
    now = time.time_ns() // 1_000_000
    arrivals = [Arrival(one, Coordinate("t", 0, number), now, f"r{number}") for number, one in enumerate(sent)]
    # Nothing was committed, so the next worker is given the same records, and maybe in another batch.
    before = engine.decide(arrivals[:3])
    again = engine.decide(arrivals)
    assert [one.record for one in again[:3]] == [one.record for one in before]
    assert [bool(one.decision) for one in again] == [False, False, False, True, True]
    assert len(store.history_of(sent[:1]).of(sent[0])["pagador"].rows) == len(sent)


def test_the_first_payments_of_a_platform_lack_nothing(engine: DecisionEngine) -> None:
    sent = made(40, payers=100)
    assert not any("historico" in found for found in causes(engine, sent[:20], 0))
    assert not any("historico" in found for found in causes(engine, sent[20:], 70_000))


def test_decisions_after_the_store_was_lost_say_so_until_its_windows_are_full(
    engine: DecisionEngine, store: VelocityStore
) -> None:
    sent = made(60, payers=100)
    assert all("historico" in found for found in causes(engine, sent[:20], 70_000))
    assert all("historico" in found for found in causes(engine, sent[20:40], 70_020))
    later = [structs.replace(one, timestamp=datetime.now(UTC) + KEPT + timedelta(minutes=1)) for one in sent[40:]]
    assert not any("historico" in found for found in causes(engine, later, 70_040))
    assert store.history_of(sent[:1]).begun


def test_a_store_that_is_older_than_what_it_says_was_not_lost(engine: DecisionEngine, store: VelocityStore) -> None:
    sent = made(40, payers=100)
    store.add([(one, STORED) for one in sent[:20]])
    again = [structs.replace(one, id_transacao=f"{one.id_transacao}-2") for one in sent[:20]]
    assert not any("historico" in found for found in causes(engine, again, 70_000))
    assert not any("historico" in found for found in causes(engine, sent[20:], 70_020))


def test_decisions_after_a_change_of_the_key_know_the_history_of_both(
    engine: DecisionEngine, platform: Platform
) -> None:
    sent, first, second = made(60, payers=100), secrets.token_bytes(16), secrets.token_bytes(16)
    with valkey.from_url(platform.config.valkey_url.get_secret_value()) as client:
        for store, some in (
            (VelocityStore(client, first), sent[:20]),
            (VelocityStore(client, second, before=first), sent[20:40]),
        ):
            engine._store = store
            assert not any("historico" in found for found in causes(engine, some, 0))
        # The key before was taken away too early.
        engine._store = VelocityStore(client, second)
        assert all("historico" in found for found in causes(engine, sent[40:], 70_000))
