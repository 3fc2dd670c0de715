"""Silver's payments decided again by Spark get what the live worker answered: decision, score and reasons."""

import itertools
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from kafka import KafkaConsumer, KafkaProducer

from acude.kafka import brokers
from acude.local.platform import Platform
from acude.payments.routes import topic_for
from acude.payments.serde import DECISIONS, TOPIC
from acude.payments.velocity_store import connect_velocity_store
from acude.risk.lists import ON_THE_LIST
from acude.risk.payment import FIELD_OF
from acude.settings import Settings
from acude.simulator.blacklist import is_listed
from acude.simulator.payments import payments
from acude.simulator.payments.documents import cpf
from tests.integration.payments.conftest import PixWorkers, Shop, dispute
from tests.integration.streams.steps import ingest, score
from tests.integration.streams.streamlab import Row, StreamLab, stream_lab
from tests.unit.risk.pasts import payment
from tests.waiting import awaited

NUMBER, PAYERS = 1_200, 300
FRAUDS_THERE = "TERMINAL_COM_FRAUDES"
LISTED = next(document for base in range(10**8, 10**9) if is_listed(document := cpf(base)))
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass
class Lived:
    """What the worker decided, in a lake."""

    lab: StreamLab
    sent: list[dict[str, Any]]
    decisions: dict[str, dict[str, Any]]

    def certain(self, since: date) -> dict[str, tuple[str, int, list[str]]]:
        """What was decided with everything at hand on the payments since a day."""
        days = {one["id_transacao"]: datetime.fromisoformat(one["timestamp"]).date() for one in self.sent}
        return {
            one: (found["decisao"], found["pontuacao"], found["motivos"])
            for one, found in self.decisions.items()
            if not found["degradado"] and days[one] >= since
        }


def some_payments() -> list[dict[str, Any]]:
    """Payments of three days among people whom nobody knows yet; one in forty arrives long after its time."""
    tag, begin = f"s{time.time_ns():x}", TODAY - timedelta(days=3)
    stream = payments(time.time_ns(), begin, timedelta(days=3), NUMBER / 259_200, payers=PAYERS, fraud_share=0.15)
    found = []
    for one in itertools.islice(stream, NUMBER):
        fields = orjson.loads(one.value)
        for name in ("id_pagador", "id_recebedor", "id_terminal"):
            if name in fields:
                fields[name] = f"{tag}-{fields[name]}"
        if fields["id_pagador"].endswith("7"):
            fields["documento_pagador"] = LISTED
        found.append(fields)
    late = found[::40]
    kept = [one for number, one in enumerate(found) if number % 40]
    for number, one in enumerate(late):
        kept.insert(min(len(kept), number * 40 + 300), one)
    return kept


def waves(sent: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Payments that have nothing in common, so that their order among each other doesn't matter."""
    wave: list[dict[str, Any]] = []
    seen: set[tuple[str, str]] = set()
    for one in sent:
        own = {(name, one[column]) for name, column in FIELD_OF.items() if one.get(column)}
        if own & seen:
            yield wave
            wave, seen = [], set()
        wave.append(one)
        seen |= own
    yield wave


def decided(config: Settings, shop: Shop, sent: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Sends wave after wave, each when the one before is decided; each payment to the topic of its way of paying."""
    found: dict[str, dict[str, Any]] = {}
    begins = shop.begins[DECISIONS]
    with (
        closing(KafkaConsumer(**brokers.kafka_python(shop.config), isolation_level="read_committed")) as consumer,
        closing(KafkaProducer(**brokers.kafka_python(shop.config), acks="all")) as producer,
    ):
        consumer.assign(list(begins))
        for partition, begin in begins.items():
            consumer.seek(partition, begin)
        for wave in waves(sent):
            for one in wave:
                producer.send(topic_for(config, one["tipo_pagamento"]), orjson.dumps(one), one["id_pagador"].encode())
            producer.flush()
            end = time.monotonic() + 60
            while not {one["id_transacao"] for one in wave} <= found.keys():
                assert time.monotonic() < end
                for records in consumer.poll(timeout_ms=200).values():
                    rows = map(orjson.loads, (record.value for record in records))
                    found |= {row["id_transacao"]: row for row in rows}
    return found


def before_and_after_frauds_came_to_light(
    config: Settings, shop: Shop, sent: list[dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Decisions on payments at one terminal; they are sent, too.

    Of 46 that were made nine days ago five turn out to be frauds, and one of these honest after all; a payment of today
    is decided before, another one afterwards.
    """
    tag = f"f{time.time_ns():x}"
    like = next(one for one in sent if one.get("id_terminal"))

    def paid(number: int, at: datetime) -> dict[str, Any]:
        own = {"id_transacao": f"{tag}-{number}", "id_pagador": f"{tag}-p{number}", "id_terminal": tag}
        return like | own | {"timestamp": at.isoformat()}

    old = [paid(number, TODAY - timedelta(days=9, minutes=number)) for number in range(46)]
    early, late = paid(100, TODAY - timedelta(hours=2)), paid(101, TODAY - timedelta(hours=1))
    found = decided(config, shop, [*old, early])
    shop.report([*(dispute(one, tag, "fraude") for one in old[:5]), dispute(old[0], tag, "honesta")])
    memory, asked = connect_velocity_store(config), [payment(id_terminal=tag)]
    awaited(lambda: memory.history_of(asked).frauds.get(tag, ()), lambda moments: len(moments) == 4)
    found |= decided(config, shop, [late])
    sent += [*old, early, late]
    knew = [FRAUDS_THERE in found[one["id_transacao"]]["motivos"] for one in (early, late)]
    assert knew == [False, True]
    return found


@pytest.fixture(scope="module")
def lived(platform: Platform, pix: PixWorkers) -> Iterator[Lived]:
    """Payments that the workers decided and that the streams have landed; Pix has a topic of its own."""
    sent, shop = some_payments(), Shop(platform.config)
    decisions = decided(pix.config, shop, sent)
    decisions |= before_and_after_frauds_came_to_light(pix.config, shop, sent)
    # On another topic than the first time, as after a change of the settings.
    shop.send([one for one in sent if one["tipo_pagamento"] == "pix"][:3])
    with stream_lab() as lab:
        lab.new_lake()
        lab.do(ingest)
        yield Lived(lab, sent, decisions)


def as_live(rows: list[Row], ids: set[str]) -> dict[str, tuple[str, int, list[str]]]:
    found = {
        (row["id_cliente"], row["id_transacao"]): (row["decisao"], row["pontuacao"], row["motivos"]) for row in rows
    }
    assert len(found) == len(rows)
    # Other tests' payments have clients, of which two may have one id.
    return {one: answer for (client, one), answer in found.items() if not client and one in ids}


def test_the_lake_decides_as_the_worker_did(lived: Lived) -> None:
    first = (TODAY - timedelta(days=3)).date()
    expected = lived.certain(first)
    found = as_live(lived.lab.do(score, first, TODAY.date()), set(expected))
    differing = {one: (answer, found.get(one)) for one, answer in expected.items() if found.get(one) != answer}
    assert differing == {}
    assert len(expected) > 0.9 * NUMBER
    assert {answer[0] for answer in expected.values()} == {"aprovar", "revisar", "negar"}
    reasons = {code for answer in expected.values() for code in answer[2]}
    assert {ON_THE_LIST, FRAUDS_THERE} <= reasons
    assert len(reasons) > 12


def test_silver_has_the_payments_of_all_topics_and_knows_a_repeat_on_another_one(lived: Lived) -> None:
    ids = {one["id_transacao"]: one["tipo_pagamento"] for one in lived.sent}
    rows = [row for row in lived.lab.rows("silver.transacoes") if row["id_transacao"] in ids]
    topics = {row["id_transacao"]: row["topico"] for row in rows}
    assert len(rows) == len(topics) == len(ids)
    repeats = [row for row in lived.lab.rows("silver.duplicatas") if row["id_evento"] in ids]
    # They landed in one batch, where what the broker took first counts as the first arrival.
    assert [(row["topico"], row["topico_original"]) for row in repeats] == [(TOPIC, f"{TOPIC}_pix")] * 3
    assert topics == {one: f"{TOPIC}_pix" if way == "pix" else TOPIC for one, way in ids.items()}


def test_days_before_the_first_are_past_and_not_decided(lived: Lived) -> None:
    first = (TODAY - timedelta(days=1)).date()
    expected = lived.certain(first)
    rows = lived.lab.do(score, first, TODAY.date())
    assert {row["timestamp"].date() >= first for row in rows} == {True}
    assert as_live(rows, set(expected)) == expected
    amounts = {one["id_transacao"]: Decimal(str(one["valor"])) for one in lived.sent}
    assert all(row["valor"] == amounts[row["id_transacao"]] for row in rows if row["id_transacao"] in amounts)


def test_another_policy_decides_otherwise_and_says_so(lived: Lived) -> None:
    first = (TODAY - timedelta(days=3)).date()
    ids = set(lived.certain(first))
    rows = lived.lab.do(score, first, TODAY.date(), {"versao": "severa", "cortes": {"revisar": 0.01, "negar": 0.02}})
    assert {row["versao_regras"] for row in rows} == {"severa"}
    found = as_live(rows, ids)
    assert {(answer[0] == "negar") for answer in found.values() if answer[1] >= 20} == {True}
    assert sum(answer[0] == "negar" for answer in found.values()) > sum(
        answer[0] == "negar" for answer in lived.certain(first).values()
    )
