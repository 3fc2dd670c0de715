"""A client's payment is decided once, for good: later, in outages, beside another client's of the same id."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import valkey
from kafka import KafkaProducer
from psycopg2 import sql
from psycopg2.extensions import make_dsn, parse_dsn
from pydantic import SecretStr

from acude.local.database_setup import ensure_audit_log
from acude.local.platform import Platform
from acude.local.servers.postgres import connect
from acude.payments.serde import CLIENT_HEADER, TOPIC
from acude.payments.store import Store
from acude.payments.velocity_store import connect_velocity_store
from acude.settings import Settings
from tests.integration.payments.conftest import Shop, hanging, some_payments
from tests.integration.payments.test_reads import decision
from tests.servers import away
from tests.waiting import awaited

Api = Callable[..., httpx.Client]


def post(client: httpx.Client, payment: dict[str, Any], **headers: str) -> httpx.Response:
    return client.post(
        "/transacoes", content=json.dumps(payment).encode(), headers={"Content-Type": "application/json", **headers}
    )


def forget(config: Settings) -> None:
    """Valkey loses everything, as after an hour, but for since when it has a history: other tests look at theirs."""
    with valkey.from_url(config.valkey_url.get_secret_value()) as client:
        client.flushall()
    connect_velocity_store(config).begin(0)


def produce(config: Settings, payment: dict[str, Any], client: str | None, key: str = "") -> None:
    """Sends a payment to the topic as the API does for a client."""
    headers = [(CLIENT_HEADER, client.encode())] if client else []
    with closing(KafkaProducer(bootstrap_servers=config.kafka_bootstrap, acks="all")) as producer:
        sent = producer.send(
            TOPIC, json.dumps(payment).encode(), (key or payment["id_pagador"]).encode(), headers=headers
        )
        sent.get(timeout=30)


def test_a_payment_that_comes_again_after_valkey_forgot_it_is_not_decided_again(shop: Shop) -> None:
    first, other = some_payments(2)
    shop.send([first])
    shop.decisions([first])
    forget(shop.config)
    shop.send([first, first | {"valor": 9_000.0, "id_pagador": "p-" + first["id_transacao"]}, other])
    decisions = shop.decisions([first, other])
    assert {one: len(rows) for one, rows in decisions.items()} == {
        first["id_transacao"]: 1,
        other["id_transacao"]: 1,
    }


def test_without_valkey_an_id_and_a_key_are_still_one_payments(api: Api, shop: Shop, platform: Platform) -> None:
    (sent,) = some_payments(1, valor=49.9)
    (other,) = some_payments(1)
    client, key = api(), {"Idempotency-Key": f"k-{sent['id_transacao']}"}
    with away(platform, "valkey"):
        answers = [
            post(client, sent, **key),
            post(client, sent | {"valor": 9_000.0}),
            post(client, other, **key),
            post(client, sent, **key),
        ]
        assert [one.status_code for one in answers] == [200, 409, 409, 200]
        assert answers[0].json() == answers[3].json()
    assert [len(rows) for rows in shop.decisions([sent]).values()] == [1]


def test_a_valkey_that_hangs_holds_no_answer_and_an_id_and_a_key_are_still_one_payments(
    api: Api, shop: Shop, platform: Platform
) -> None:
    (sent,) = some_payments(1, valor=49.9)
    (other,) = some_payments(1)
    client, key = api(), {"Idempotency-Key": f"k-{sent['id_transacao']}"}
    with hanging(platform, "valkey"):
        answers = [
            post(client, sent, **key),
            post(client, sent | {"valor": 9_000.0}),
            post(client, other, **key),
            post(client, sent, **key),
        ]
        rows = shop.decisions([sent])[sent["id_transacao"]]
    # The worker has to find out first, so the first answer may be on its way when the budget is over.
    assert [one.status_code in {200, 202} for one in answers] == [True, False, False, True]
    assert [one.status_code for one in answers[1:3]] == [409, 409]
    assert max(one.elapsed for one in answers) < platform.config.risk_budget + timedelta(seconds=2)
    assert ["memoria" in row["causas"] for row in rows] == [True]


def test_api_and_database_tell_the_same_of_a_payment_that_came_twice_in_an_outage(
    api: Api, shop: Shop, platform: Platform, store: Store
) -> None:
    (sent,) = some_payments(1, valor=49.9)
    with away(platform, "valkey"):
        produce(shop.config, sent, "loja")
        produce(shop.config, sent | {"valor": 9_000.0}, "loja", key="elsewhere")
        rows = shop.decisions([sent])[sent["id_transacao"]]
    assert len(rows) == 1
    stored = awaited(lambda: store.decision(sent["id_transacao"], "loja"), bool)
    answer = api().get(f"/transacoes/{sent['id_transacao']}").json()
    assert stored
    assert stored["pontuacao"] == answer["pontuacao"] == rows[0]["pontuacao"]


def test_twenty_at_once_under_one_key_are_one_payment_without_valkey_too(
    api: Api, shop: Shop, platform: Platform
) -> None:
    (sent,) = some_payments(1)
    client, key = api(), {"Idempotency-Key": f"k-{sent['id_transacao']}"}
    with away(platform, "valkey"), ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: post(client, sent, **key), range(20)))
    assert {one.status_code for one in answers} <= {200, 202}
    assert len({one.json()["pontuacao"] for one in answers if one.status_code == 200}) == 1
    assert [len(rows) for rows in shop.decisions([sent]).values()] == [1]


def test_clients_with_the_same_id_each_get_their_own_decision(api: Api, shop: Shop, store: Store) -> None:
    (ours,) = some_payments(1)
    theirs = ours | {"valor": 97_000.0, "operacao": "pagamento"}
    produce(shop.config, theirs, "outra")
    awaited(lambda: store.decision(ours["id_transacao"], "outra"), bool)
    answer = post(api(), ours)
    assert (answer.status_code, answer.json()["valor"]) == (200, ours["valor"])
    assert api().get(f"/transacoes/{ours['id_transacao']}").json() == answer.json()
    rows = shop.decisions([ours])[ours["id_transacao"]]
    assert {row["id_cliente"]: row["valor"] for row in rows} == {"outra": 97_000.0, "loja": ours["valor"]}
    stored = awaited(lambda: store.decision(ours["id_transacao"], "loja"), bool)
    assert stored
    assert float(stored["valor"]) == ours["valor"]


def test_while_the_database_is_away_valkey_keeps_payments_single_and_they_are_flagged(
    shop: Shop, platform: Platform
) -> None:
    first, second = some_payments(2)
    with away(platform, "postgres"):
        shop.send([first, second])
        shop.decisions([first, second])
        shop.send([first])
        decisions = shop.decisions([first, second])
    assert {len(rows) for rows in decisions.values()} == {1}
    assert all("unicidade" in rows[0]["causas"] for rows in decisions.values())
    # What the database learns afterwards holds when Valkey has forgotten.
    store = Store(platform.config)
    awaited(lambda: store.is_reserved(first["id_transacao"], ""), bool)
    store.close()
    forget(shop.config)
    shop.send([first])
    assert len(shop.decisions([first])[first["id_transacao"]]) == 1


def test_without_valkey_and_database_the_api_takes_no_payment(api: Api, platform: Platform) -> None:
    (sent,) = some_payments(1)
    client = api()
    with away(platform, "valkey", "postgres"):
        answer = post(client, sent)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert awaited(lambda: post(client, sent).status_code, lambda status: status in {200, 202})
    awaited(lambda: client.get("/transacoes/nobodys").status_code, lambda status: status == 404)


BEFORE = """
CREATE TABLE decisoes (
    id_transacao text NOT NULL, transacao_em timestamptz NOT NULL, decidida_em timestamptz NOT NULL,
    decisao text NOT NULL, pontuacao integer NOT NULL, motivos text[] NOT NULL, operacao text NOT NULL,
    tipo_pagamento text NOT NULL, valor numeric(18, 2) NOT NULL, moeda char(3) NOT NULL, uf char(2),
    id_pagador text NOT NULL, id_cliente text,
    versao_regras text NOT NULL, versao_modelo text NOT NULL, degradado boolean NOT NULL, causas text[] NOT NULL,
    latencia_ms integer NOT NULL, id_rastro text NOT NULL, PRIMARY KEY (id_transacao, transacao_em)
) PARTITION BY RANGE (transacao_em);
CREATE TABLE decisoes_2026_11 PARTITION OF decisoes FOR VALUES FROM ('2026-11-01Z') TO ('2026-12-01Z');
"""
"""Of the decisions' database while an id was one payment's, whoever its client was."""


def test_a_database_of_before_keeps_its_decisions_and_takes_another_clients_of_the_same_id(platform: Platform) -> None:
    own, name = parse_dsn(platform.config.risk_dsn.get_secret_value()), "risco_de_antes"
    session = connect(platform.config)
    with session.cursor() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
        cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*map(sql.Identifier, (name, own["user"]))))
    config = platform.config.model_copy(update={"risk_dsn": SecretStr(make_dsn(**(own | {"dbname": name})))})
    ensure_audit_log(config)
    row = decision() | {"transacao_em": datetime(2026, 11, 5, tzinfo=UTC)}
    with psycopg.connect(config.risk_dsn.get_secret_value()) as before:
        before.execute(BEFORE)
        columns, values = ", ".join(row), ", ".join(f"%({column})s" for column in row)
        before.execute(f"INSERT INTO decisoes ({columns}) VALUES ({values})", row)  # noqa: S608 - constants
    store = Store(config)
    store.prepare()
    store.prepare()
    assert store.is_reserved(row["id_transacao"], "loja")
    assert store.add([row | {"pontuacao": 9}, row | {"pontuacao": 7, "id_cliente": "outra"}]) == 1
    found = [store.decision(row["id_transacao"], client) for client in ("loja", "outra")]
    assert [one and one["pontuacao"] for one in found] == [0, 7]
    store.close()
    with session.cursor() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    session.close()
