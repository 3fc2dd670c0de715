import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache

import pyarrow as pa
import pytest

from acude.contracts.decoder import Decoder
from acude.contracts.model import table
from acude.simulator import malformed
from acude.simulator.faults import Kind, Record, Shares, disturb
from acude.simulator.serde import encode
from acude.simulator.shoppers import Event, events

START = datetime(2026, 11, 20, tzinfo=UTC)
SHARES = Shares(late=0.05, duplicate=0.04, malformed=0.03, contradictory=0.02)


@cache
def happened() -> list[Event]:
    return list(events(7, START, timedelta(hours=5), 1))


@pytest.fixture(scope="module")
def sends() -> list[Record]:
    return list(disturb(happened(), SHARES, 7))


def reasons(payloads: list[bytes]) -> list[str | None]:
    """What the topic's own decoder says of each payload; None where it takes it."""
    taken = pa.array([START + timedelta(days=1)] * len(payloads), pa.timestamp("us", tz="UTC"))
    decoded = Decoder(table("topics.eventos_clientes")).decode(pa.array(payloads, pa.binary()), taken)
    return [decoded.refusals[at].reason if at in decoded.refusals else None for at in range(len(payloads))]


def test_the_same_seed_makes_the_same_faults(sends: list[Record]) -> None:
    assert sends == list(disturb(happened(), SHARES, 7))
    assert sends != list(disturb(happened(), SHARES, 8))


def test_without_shares_every_event_is_sent_once_as_it_is() -> None:
    assert [record.value for record in disturb(happened(), Shares(), 7)] == [encode(event) for event in happened()]


def test_each_fault_has_its_share(sends: list[Record]) -> None:
    kinds = Counter(record.kind for record in sends)
    count = len(happened())
    assert kinds[Kind.DUPLICATE] == pytest.approx(0.04 * count, rel=0.1)
    assert kinds[Kind.MALFORMED] == pytest.approx(0.03 * count, rel=0.1)
    assert kinds[Kind.CONTRADICTORY] == pytest.approx(0.02 * count, rel=0.1)
    assert sum(record.late for record in sends if record.kind is Kind.VALID) == pytest.approx(0.05 * count, rel=0.1)
    assert kinds[Kind.VALID] + kinds[Kind.MALFORMED] == count


def test_shares_that_are_no_shares_are_refused() -> None:
    for wrong in ({"late": -0.1}, {"duplicate": 0.6, "malformed": 0.5}, {"late": 1.1}):
        with pytest.raises(ValueError, match="between 0 and 1"):
            Shares(**wrong)


def test_late_events_are_hours_to_days_old_when_they_are_sent(sends: list[Record]) -> None:
    for record in sends:
        age = record.due - record.event.momento
        if record.late and record.kind is Kind.VALID:
            assert timedelta(hours=1) <= age <= timedelta(days=5)
        elif record.kind is Kind.VALID:
            assert age == timedelta(0)


def test_repeats_and_contradictions_follow_their_event_under_its_key(sends: list[Record]) -> None:
    first = {record.event.id_evento: (at, record) for at, record in enumerate(sends) if record.kind is Kind.VALID}
    for at, record in enumerate(sends):
        if record.kind in {Kind.DUPLICATE, Kind.CONTRADICTORY}:
            before, original = first[record.event.id_evento]
            assert before < at
            assert original.key == record.key
            assert (json.loads(record.value) == json.loads(original.value)) is (record.kind is Kind.DUPLICATE)


def test_some_duplicates_have_their_keys_in_another_order(sends: list[Record]) -> None:
    originals = {record.event.id_evento: record.value for record in sends if record.kind is Kind.VALID}
    same = [record.value == originals[record.event.id_evento] for record in sends if record.kind is Kind.DUPLICATE]
    assert 0.1 < same.count(False) / len(same) < 0.5


def test_the_contract_takes_every_send_but_the_malformed(sends: list[Record]) -> None:
    good = [record.value for record in sends if record.kind is not Kind.MALFORMED]
    assert set(reasons(good)) == {None}


@pytest.mark.parametrize("reason", [*malformed.COMMON, malformed.RARE])
def test_a_malformed_payload_is_refused_for_the_reason_in_the_ledger(reason: str) -> None:
    rng = random.Random(3)  # noqa: S311
    some = happened()
    chosen = some[:40] + [event for event in some if event.preco][:20]
    assert set(reasons([malformed.payload(reason, event, rng) for event in chosen])) == {reason}


def test_a_megabyte_is_rare() -> None:
    rng = random.Random(1)  # noqa: S311
    drawn = Counter(malformed.reason(rng) for _ in range(5_000))
    assert 0 < drawn["grande_demais"] < 100
    assert set(drawn) == {*malformed.COMMON, malformed.RARE}
