"""A CPF, a CNPJ and a card number go through the platform in every way that a client may think of, right and wrong.

Afterwards their digits are nowhere but where payments lie as they were sent: on topic `transacoes`, and from there in
bronze (`docs/payments.md`). They come in the fields that are for them and in those that are not, alone, with
punctuation, and glued to other characters.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pyarrow as pa
import pytest
from psycopg import sql
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from acude.contracts.arrow import arrow_schema
from acude.contracts.decoder import Decoder
from acude.contracts.documents import tokens_of
from acude.contracts.model import load, topics
from acude.ingestion.dedup_index import DedupIndex
from acude.ingestion.duplicates import find_duplicates
from acude.ingestion.refine import RAW_COLUMNS, decoded, kept, quarantine_rows
from acude.local.platform import Platform
from acude.payments import deadletters
from acude.payments.serde import ALERTS, DECISIONS, TOPIC
from acude.payments.store import Store
from acude.simulator.blacklist import Mode
from tests.integration.conftest import read_to_the_end
from tests.integration.payments.canary_numbers import Canary
from tests.integration.payments.canary_requests import Payment, at_the_api, on_the_topic
from tests.integration.payments.conftest import Shop
from tests.servers import away
from tests.waiting import awaited

Api = Callable[..., httpx.Client]


@pytest.fixture(scope="module")
def canary() -> Canary:
    return Canary.drawn()


@contextmanager
def misbehaving(platform: Platform) -> Iterator[None]:
    """The external list and the webhook's receiver, which answer with errors."""
    config = platform.config
    for port in (config.blacklist_port, config.receiver_port):
        httpx.put(f"http://127.0.0.1:{port}/modo", json={"modo": Mode.BROKEN}).raise_for_status()
    try:
        yield
    finally:
        for port in (config.blacklist_port, config.receiver_port):
            httpx.put(f"http://127.0.0.1:{port}/modo", json={"modo": Mode.UP}).raise_for_status()


@retry(retry=retry_if_result(lambda row: row is None), stop=stop_after_delay(60), wait=wait_fixed(0.5))
def stored(store: Store, payment: Payment) -> object:
    return store.decision(payment["id_transacao"])


@pytest.fixture(scope="module")
def answers(platform: Platform, canary: Canary, api: Api, store: Store) -> list[httpx.Response]:
    """What the API said, with all well and with everything behind it in trouble; all of it is decided and stored."""
    shop, client = Shop(platform.config), api()
    found = at_the_api(client, canary)
    sent = on_the_topic(platform, canary)
    with misbehaving(platform), away(platform, "valkey"):
        found += at_the_api(client, canary)
        sent += on_the_topic(platform, canary)
        # What the webhook does not take becomes a dead letter after its last try.
        awaited(lambda: deadletters.letters(platform.config), bool)
    with away(platform, "postgres"):
        found += at_the_api(client, canary)
        sent += on_the_topic(platform, canary)
        assert len(shop.decisions(sent)) == len(sent)
    for one in sent:
        assert stored(store, one)
    return found


def test_every_kind_of_answer_was_given(answers: list[httpx.Response]) -> None:
    assert {200, 400, 401, 404, 413, 415, 422} <= {one.status_code for one in answers}


def test_no_answer_of_the_api_repeats_a_number(answers: list[httpx.Response], canary: Canary) -> None:
    for answer in answers:
        assert canary.found_in(answer.content) == [], answer.text
        assert canary.found_in(str(answer.headers)) == []


@pytest.mark.usefixtures("answers")
def test_no_log_has_a_number(platform: Platform, canary: Canary) -> None:
    files = sorted((platform.config.var / "log").iterdir())
    assert {"risk-api.log", "risk-worker.log", "risk-recorder.log", "risk-notifier.log"} <= {one.name for one in files}
    assert {file.name: found for file in files if (found := canary.found_in(file.read_bytes()))} == {}


@pytest.mark.usefixtures("answers")
def test_the_services_log_one_json_object_a_line_with_time_level_and_service(platform: Platform) -> None:
    for name in ("risk-api", "risk-worker", "risk-recorder", "risk-notifier"):
        lines = (platform.config.var / "log" / f"{name}.log").read_text().splitlines()
        assert lines
        for line in lines:
            fields = json.loads(line)
            assert fields["service"] == name
            assert fields["level"] in {"debug", "info", "warning", "error", "critical"}
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", fields["timestamp"])


@pytest.mark.usefixtures("answers")
def test_no_metric_has_a_number(platform: Platform, canary: Canary) -> None:
    config = platform.config
    for port in (
        config.risk_metrics_port, config.risk_recorder_port, config.risk_notifier_port, config.risk_api_metrics_port,
    ):  # fmt: skip
        text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        assert "risco_atraso_registros" in text
        assert canary.found_in(text) == []


def whole(platform: Platform, topic: str) -> bytes:
    """Everything on a topic: keys, headers and values."""
    return b"\n".join(repr((one.key, one.headers, one.value)).encode() for one in read_to_the_end(platform, topic))


@pytest.mark.usefixtures("answers")
def test_no_decision_and_no_alert_has_a_number_and_the_payments_have_them(platform: Platform, canary: Canary) -> None:
    for topic in (DECISIONS, ALERTS, deadletters.TOPIC):
        content = whole(platform, topic)
        assert content
        assert canary.found_in(content) == []
    # As sent, by design; and the search does find what is there.
    assert set(canary.found_in(whole(platform, TOPIC))) == set(canary.written)


@pytest.mark.usefixtures("answers")
def test_no_row_of_the_database_and_nothing_that_the_webhook_heard_has_a_number(
    platform: Platform, canary: Canary
) -> None:
    with psycopg.connect(platform.config.risk_dsn.get_secret_value()) as connection:
        for schema, name in (("public", "decisoes"), ("public", "listas"), ("auditoria", "trilha")):
            asked = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(schema, name))
            rows = connection.execute(asked).fetchall()
            assert rows or name == "listas"
            assert canary.found_in("\n".join(row for (row,) in rows)) == [], name
    heard = httpx.get(f"http://127.0.0.1:{platform.config.receiver_port}/recebidos").text
    assert "alerta_risco" in heard
    assert canary.found_in(heard) == []


@pytest.mark.usefixtures("answers")
def test_no_row_of_silver_has_a_number(platform: Platform, canary: Canary) -> None:
    contracts = load()
    for topic in topics():
        if topic.name not in {TOPIC, DECISIONS, ALERTS, deadletters.TOPIC}:
            continue
        for part in decoded(raw(read_to_the_end(platform, topic.name)), [Decoder(topic, tokens_of(platform.config))]):
            flags = find_duplicates(part.keys, DedupIndex(), [topic], datetime.now(UTC))
            found = kept(part.accepted, topic, flags, contracts)
            refused = quarantine_rows(part.refused, contracts["silver.quarentena"])
            assert topic.name != TOPIC or (found.silver.num_rows and refused.num_rows)
            for rows in (*found, refused):
                told = {name: canary.found_in(repr(rows[name].to_pylist())) for name in rows.column_names}
                assert {name: forms for name, forms in told.items() if forms} == {}, topic.name


def raw(found: list[Any]) -> pa.Table:
    """Records of a topic as the stream takes them."""
    now = datetime.now(UTC)
    rows = [
        {
            "topico": one.topic, "particao": one.partition, "deslocamento": one.offset, "chave": one.key,
            "carimbo_kafka": datetime.fromtimestamp(one.timestamp / 1000, UTC), "valor": one.value, "ingerido_em": now,
            "cabecalhos": [{"chave": name, "valor": value} for name, value in one.headers],
        }
        for one in found
    ]  # fmt: skip
    schema = arrow_schema(load()["bronze.eventos"])
    return pa.Table.from_pylist(rows, pa.schema([schema.field(name).with_nullable(True) for name in RAW_COLUMNS]))


def test_the_search_finds_each_form(canary: Canary, tmp_path: Path) -> None:
    for name, number in canary.written.items():
        file = tmp_path / name
        file.write_text(f"x {number} y")
        assert name in canary.found_in(file.read_bytes())
