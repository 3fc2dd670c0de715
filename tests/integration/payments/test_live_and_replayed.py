"""What the workers decide, the replay of the lake decides again: one rule of what is first, one order."""

import itertools
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import orjson
import pytest
import valkey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acude.kafka.records import Coordinate
from acude.local.platform import Platform
from acude.payments.blacklist import Blacklist
from acude.payments.decision_engine import DecisionEngine
from acude.payments.decision_result import DecisionResult
from acude.payments.reservations import Reservations
from acude.payments.serde import Arrival
from acude.payments.velocity_store import VelocityStore
from acude.risk.payment import ENTITIES
from acude.risk.policy import read
from acude.risk.rules import Rules
from acude.risk_history.known_pasts import DECIDED
from acude.risk_history.scoring import _Scorer
from acude.settings import Settings
from tests.unit.risk.pasts import NOON, payment

POLICY = read(Settings().risk_policy)
EPOCH = datetime.fromtimestamp(0, UTC)
Answer = tuple[str, int, list[str]]


@dataclass
class Clock:
    """Milliseconds since 1970 that stand still."""

    now_ms: int = int(NOON.timestamp() * 1000)


@dataclass
class Live:
    """A worker's engine on real stores that nothing was written to."""

    engine: DecisionEngine
    clock: Clock


@pytest.fixture(scope="module")
def live(platform: Platform) -> Iterator[Live]:
    config = platform.config.model_copy(update={"blacklist_url": ""})
    reservations, blacklist, clock = Reservations(config, "acude-prova"), Blacklist(config), Clock()
    with valkey.from_url(config.valkey_url.get_secret_value()) as client:
        store = VelocityStore(client, secrets.token_bytes(16))
        rules: Callable[[], Rules] = lambda: Rules(POLICY)  # noqa: E731 - what the engine takes
        engine = DecisionEngine(store, reservations, blacklist, rules, timedelta(days=9), now_ms=lambda: clock.now_ms)
        yield Live(engine, clock)
    reservations.close()
    blacklist.close()


SECONDS = (0, 1, -1, 60, -60, -59, 600, 3_600, -3_599, -86_400, -7 * 86_400)
"""Near the windows' ends."""


@st.composite
def batches(draw: st.DrawFn) -> list[list[Arrival]]:
    """Batches as a worker takes them, in any order: a partition may be behind another.

    Few payers, devices, moments and ids: payments of one microsecond, dated one before the other, several under one id.
    """
    tag = secrets.token_hex(6)
    number = draw(st.integers(1, 24))
    taken, found = Clock().now_ms, []
    offsets: dict[tuple[str, int], Iterator[int]] = {}
    for _ in range(number):
        taken += draw(st.sampled_from((0, 0, 1, 59_999, 3_600_000)))
        topic, partition = draw(st.sampled_from(("transacoes", "transacoes_pix"))), draw(st.integers(0, 2))
        own = payment(
            id_transacao=f"{tag}-{draw(st.integers(0, 15))}",
            id_cliente=draw(st.sampled_from((None, "loja"))),
            timestamp=NOON + timedelta(microseconds=draw(st.integers(0, 2)), seconds=draw(st.sampled_from(SECONDS))),
            carimbo_kafka=EPOCH + timedelta(milliseconds=taken),
            importada=draw(st.sampled_from((None, None, True))),
            valor=draw(st.sampled_from(("1.50", "100.00", "4999.90"))),
            **{name: f"{tag}-{draw(st.integers(0, 1))}" for name in ("id_pagador", "id_dispositivo", "token_cartao")},
            **dict.fromkeys(("id_terminal", "ip", "id_recebedor"), tag),
        )
        offset = next(offsets.setdefault((topic, partition), itertools.count()))
        place = Coordinate(topic, partition, offset)
        found.append(Arrival(own, place, taken, "trace", orjson.dumps(str(own.valor))))
    found = draw(st.permutations(found))
    cuts = sorted(draw(st.sets(st.integers(1, number), max_size=4)) | {0, number})
    return [draw(st.permutations(found[begin:end])) for begin, end in itertools.pairwise(cuts)]


def decided(live: Live, arrivals: Sequence[Sequence[Arrival]]) -> list[tuple[int, Arrival, DecisionResult]]:
    """What the engine decides, with the moment of each decision; a batch at one moment."""
    found = []
    for batch in arrivals:
        live.clock.now_ms += 1
        by_place = {one.coordinate: one for one in batch}
        for result in live.engine.decide(batch):
            assert result.decision
            assert not result.decision.degraded
            (own,) = [one for one in by_place.values() if one.payment is result.payment]
            found.append((live.clock.now_ms, own, result))
    return found


def answer(result: dict[str, Any]) -> Answer:
    return result["decisao"], result["pontuacao"], result["motivos"]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(taken=batches())
def test_live_and_replayed_decisions_are_equal(live: Live, taken: list[list[Arrival]]) -> None:
    results = decided(live, taken)
    # Each payment once: the first that arrived.
    firsts: dict[Any, Arrival] = {}
    for batch in taken:
        for one in sorted(batch, key=lambda one: (one.taken_ms, *one.coordinate)):
            firsts.setdefault(one.payment.key, one)
    assert {one.coordinate for _, one, _ in results} == {one.coordinate for one in firsts.values()}
    rows = [
        msgspec.structs.asdict(one.payment)
        | {"decidido_em": moment, **one.coordinate.columns}
        | {"grupo": 0, "fraude_us": None, "decidir": True, "listas": [], "entidades": list(ENTITIES)}
        for moment, one, _ in results
    ]
    rows.sort(key=lambda row: tuple(row[name] for name in DECIDED))
    again = {(row["id_cliente"] or "", row["id_transacao"]): answer(row) for row in _Scorer(POLICY, None).score(rows)}
    assert again == {one.payment.key: answer(orjson.loads(result.record)) for _, one, result in results}


def test_a_record_that_comes_again_to_a_worker_that_forgot_is_decided_and_another_of_its_payment_is_not(
    live: Live,
) -> None:
    own = payment(id_transacao=secrets.token_hex(8), id_pagador=secrets.token_hex(8))
    first = Arrival(own, Coordinate("transacoes", 1, 7), Clock().now_ms, "trace", b"a")
    again = replace(first, coordinate=Coordinate("transacoes", 0, 3), taken_ms=first.taken_ms + 1_000)
    assert [one.payment for one in live.engine.decide([again, first])] == [own]
    assert [one.record for one in live.engine.decide([first])] != []
    assert live.engine.decide([again]) == []
    assert live.engine.give_up(again) == []


def test_a_record_that_could_not_be_decided_leaves_its_payment_to_the_next_one(live: Live) -> None:
    own = payment(id_transacao=secrets.token_hex(8), id_pagador=secrets.token_hex(8))
    first = Arrival(own, Coordinate("transacoes", 1, 7), Clock().now_ms, "trace", b"a")
    again = replace(first, coordinate=Coordinate("transacoes", 0, 3), taken_ms=first.taken_ms + 1_000)
    assert live.engine.give_up(first)
    assert live.engine.give_up(again) == []
    live.engine.give_back([first])
    assert live.engine.give_up(again)
