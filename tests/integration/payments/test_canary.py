"""A CPF, a CNPJ and a card number go through the platform in every way that a client may think of, right and wrong.

Afterwards their digits are nowhere but where payments lie as they were sent: on topic `transacoes`, and from there in
bronze (`docs/payments.md`). They come in the fields that are for them and in those that are not, alone, with
punctuation, and glued to other characters.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pyarrow as pa
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from psycopg import sql
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from acude.contracts.arrow import arrow_schema
from acude.contracts.decoder import Decoder
from acude.contracts.documents import tokens_of
from acude.contracts.model import load, topics
from acude.contracts.personal import without_documents
from acude.ingestion.dedup_index import DedupIndex
from acude.ingestion.duplicates import find_duplicates
from acude.ingestion.refine import RAW_COLUMNS, decoded, kept, quarantine_rows
from acude.local.platform import Platform
from acude.payments import deadletters
from acude.payments.serde import ALERTS, DECISIONS, TOPIC
from acude.payments.store import Store
from acude.simulator.blacklist import Mode
from tests.integration.payments.canary_numbers import Canary
from tests.integration.payments.conftest import OF_A_KIND, Shop, some_payments, suspicious
from tests.servers import away
from tests.waiting import awaited

Api = Callable[..., httpx.Client]
Payment = dict[str, Any]


@pytest.fixture(scope="module")
def canary() -> Canary:
    return Canary.drawn()


def right(canary: Canary) -> list[Payment]:
    """Payments as they should be, approved and not."""
    texts = canary.documents_in_ids
    in_ids = [{name: text} for text in texts for name in _IDS]
    in_ids += [{"id_transacao": f"t-{text}-{uuid4().hex[:20]}"} for text in texts]
    in_keys = [{"tipo_pagamento": "pix", "chave_pix": text, "vencimento": None} for text in texts]
    return [
        *some_payments(3, documento_pagador=canary.cpf),
        *some_payments(3, documento_pagador=canary.cnpj),
        *suspicious(3, documento_pagador=canary.cpf),
        *suspicious(1, documento_pagador=canary.cnpj),
        *(one | change for one, change in zip(some_payments(len(in_ids)), in_ids, strict=True)),
        *(one | change for one, change in zip(suspicious(len(in_keys)), in_keys, strict=True)),
    ]


_IDS = ("id_pagador", "id_recebedor", "id_dispositivo", "id_terminal", "id_pedido")


def wrong(canary: Canary) -> list[bytes]:
    """Bodies that no payment has, each with a number where it does not belong."""
    form, (base,) = canary.written, some_payments(1, documento_pagador=canary.cpf)
    base = {name: value for name, value in base.items() if name not in OF_A_KIND}
    base |= {"tipo_pagamento": "boleto", "vencimento": base["timestamp"][:10]}
    changes: list[Payment] = [
        {"documento_pagador": form["cpf with dots"]},
        {"documento_pagador": form["cnpj with dots"]},
        {"documento_pagador": canary.card},
        {"documento_pagador": int(canary.cpf)},
        {"valor": int(canary.card)},
        {"valor": canary.cpf},
        {"moeda": canary.cpf},
        {"uf": form["cpf with dots"]},
        {"tipo_pagamento": form["card with spaces"]},
        {"tipo_pagamento": "credito", "token_cartao": canary.card, "entrada": "online"},
        {"entrada": form["card with dashes"]},
        {"parcelas": int(canary.cpf)},
        {"latitude": float(canary.cpf)},
        {"timestamp": canary.cpf},
        {"timestamp": "2099-01-01T00:00:00Z"},
        {"vencimento": form["cpf with dots"]},
        {"ip": canary.card},
        {canary.cpf: 1},
        {form["card with spaces"]: canary.cnpj},
        {"id_transacao": f"{form['card with spaces']}"},
        *({name: text} for name in ("id_transacao", *_IDS) for text in canary.cards_in_ids),
        *({"tipo_pagamento": "pix", "chave_pix": text, "vencimento": None} for text in canary.cards_in_ids),
        {"tipo_pagamento": "credito", "token_cartao": f"tok_{canary.card}", "entrada": "online"},
    ]
    whole = json.dumps(base).encode()
    return [
        *(json.dumps(base | change).encode() for change in changes),
        whole[:-1],
        whole + form["cpf with dots"].encode(),
        b'{"documento_pagador": "%s", "documento_pagador": "%s"}' % (canary.cpf.encode(), canary.cnpj.encode()),
        whole.replace(b'"uf"', b'"\xff"') + canary.card.encode(),
        canary.card.encode() * 1_000,
        form["cpf with dots"].encode(),
    ]


def at_the_api(client: httpx.Client, canary: Canary) -> list[httpx.Response]:
    """Every way of asking; the answers."""
    kind = {"Content-Type": "application/json"}
    bodies = [*(json.dumps(one).encode() for one in right(canary)), *wrong(canary)]
    answers = [client.post("/transacoes", content=body, headers=kind) for body in bodies]
    for number in (*canary.written.values(), *canary.documents_in_ids, *canary.cards_in_ids):
        answers.append(client.get(f"/transacoes/{number}"))
        answers.append(client.get("/transacoes/x", headers={"Authorization": f"Bearer {number}"}))
        answers.append(client.get(f"/{number}", params={"documento": number}))
        answers.append(client.post("/transacoes", content=b"{}", headers={"Content-Type": number}))
        answers.append(client.post("/transacoes", content=b"{}", headers=kind | {"Idempotency-Key": number}))
        answers.append(client.post("/transacoes", content=b"{}", headers=kind | {"traceparent": number}))
    return answers


def on_the_topic(platform: Platform, canary: Canary) -> list[Payment]:
    """The same past the API; what should be decided."""
    producer = KafkaProducer(bootstrap_servers=platform.config.kafka_bootstrap, acks="all")
    payments, headers = right(canary), [("id_rastro", canary.cpf.encode()), ("id_cliente", canary.card.encode())]
    for body in [*(json.dumps(one).encode() for one in payments), *wrong(canary)]:
        producer.send(TOPIC, body, canary.cpf.encode())
    producer.send(TOPIC, wrong(canary)[0], b"k", headers=headers)
    (named,) = some_payments(1)
    producer.send(TOPIC, json.dumps(named).encode(), b"k", headers=headers)
    producer.flush(30)
    producer.close()
    token = tokens_of(platform.config).of
    return [one | {"id_transacao": without_documents(one["id_transacao"], token)} for one in (*payments, named)]


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
    return b"\n".join(repr((one.key, one.headers, one.value)).encode() for one in records(platform, topic))


def records(platform: Platform, topic: str) -> list[Any]:
    found: list[Any] = []
    with closing(
        KafkaConsumer(bootstrap_servers=platform.config.kafka_bootstrap, enable_auto_commit=False)
    ) as consumer:
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        while any(consumer.position(one) < ends[one] for one in partitions):
            for some in consumer.poll(timeout_ms=500).values():
                found += some
    return found


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
        for part in decoded(raw(records(platform, topic.name)), [Decoder(topic, tokens_of(platform.config))]):
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
