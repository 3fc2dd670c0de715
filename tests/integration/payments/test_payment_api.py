"""The HTTP API: a payment in, a decision out; a caller without the right, or a body that is no payment, gets a 4xx."""

import json
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any

import httpx
import pytest

from acude.api.auth import DECIDE, READ
from acude.local.platform import Platform
from acude.settings import HOST
from tests.integration.payments.conftest import Shop, some_payments

Api = Callable[..., httpx.Client]
PROBLEM = "application/problem+json"


def post(client: httpx.Client, payment: dict[str, Any] | bytes, **headers: str) -> httpx.Response:
    body = payment if isinstance(payment, bytes) else json.dumps(payment).encode()
    return client.post("/transacoes", content=body, headers={"Content-Type": "application/json", **headers})


def test_a_payment_gets_its_decision_at_once_and_can_be_read_again(api: Api) -> None:
    (sent,) = some_payments(1)
    client = api()
    answer = post(client, sent)
    assert answer.status_code == 200, answer.text
    decision = answer.json()
    assert (decision["id_transacao"], decision["valor"]) == (sent["id_transacao"], sent["valor"])
    assert decision["id_rastro"] == answer.headers["id-rastro"]
    assert client.get(f"/transacoes/{sent['id_transacao']}").json() == decision


def test_the_same_payment_sent_again_gets_the_same_decision_and_is_decided_once(api: Api, shop: Shop) -> None:
    (sent,) = some_payments(1)
    client = api()
    first, *others = [post(client, sent, **{"Idempotency-Key": "k-" + sent["id_transacao"]}) for _ in range(3)]
    assert {one.status_code for one in (first, *others)} == {200}
    assert [one.json() for one in others] == [first.json()] * 2
    assert len(shop.decisions([sent])[sent["id_transacao"]]) == 1


def test_an_id_or_key_that_was_used_for_another_payment_is_refused(api: Api) -> None:
    sent, other = some_payments(2)
    client, key = api(), {"Idempotency-Key": f"k-{sent['id_transacao']}"}
    assert post(client, sent, **key).status_code == 200
    assert post(client, other, **key).status_code == 409
    assert post(client, sent | {"valor": sent["valor"] + 1}).status_code == 409


def test_a_payment_is_the_same_however_it_is_written(api: Api, shop: Shop) -> None:
    (sent,) = some_payments(1, valor=10.5)
    client, key = api(), {"Idempotency-Key": f"k-{sent['id_transacao']}"}
    spaced = json.dumps(dict(reversed(sent.items())), indent=1).replace("10.5", "10.50").encode()
    first, second = post(client, sent, **key), post(client, spaced, **key)
    assert (first.status_code, second.json()) == (200, first.json())
    assert len(shop.decisions([sent])[sent["id_transacao"]]) == 1


def test_a_refused_attempt_leaves_its_key_free_and_two_keys_are_none(api: Api) -> None:
    taken, own = some_payments(2)
    assert post(api(), taken).status_code == 200
    client, key = api(), {"Idempotency-Key": f"k-{own['id_transacao']}"}
    assert post(client, taken | {"valor": taken["valor"] + 1}, **key).status_code == 409
    assert post(client, own, **key).status_code == 200
    twice = [("Content-Type", "application/json"), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    assert client.post("/transacoes", content=json.dumps(own).encode(), headers=twice).status_code == 400


def test_a_payment_is_read_by_its_own_client_and_by_the_analyst_and_nobody_else(api: Api, shop: Shop) -> None:
    own, foreign = some_payments(2)
    client = api()
    assert post(client, own).status_code == 200
    shop.send([foreign])
    assert shop.decisions([foreign])
    assert client.get(f"/transacoes/{foreign['id_transacao']}").status_code == 404
    assert client.get("/transacoes/unknown").status_code == 404
    analyst = api("analista")
    assert [analyst.get(f"/transacoes/{one['id_transacao']}").status_code for one in (own, foreign)] == [200, 200]


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        ({"valor": -1}, 400, "valor_invalido"),
        ({"valor": 10.005}, 400, "valor_invalido"),
        ({"valor": float("nan")}, 400, "json_invalido"),
        ({"valor": float("inf")}, 400, "json_invalido"),
        ({"valor": {"$gt": 0}}, 400, "tipo_errado"),
        ({"moeda": "XYZ"}, 400, "valor_invalido"),
        ({"id_pagador": "${jndi:ldap://x}"}, 400, "valor_invalido"),
        ({"id_pagador": "u\x00"}, 400, "valor_invalido"),
        ({"cor": "azul"}, 400, "campo_desconhecido"),
        ({"importada": True}, 400, "campo_desconhecido"),
        ({"documento_pagador": "52998224724"}, 422, "documento_invalido"),
        ({"timestamp": "2099-01-01T00:00:00Z"}, 422, "tempo_absurdo"),
        ({"timestamp": (datetime.now(UTC) + timedelta(hours=23)).isoformat()}, 422, "tempo_absurdo"),
        ({"timestamp": (datetime.now(UTC) - timedelta(days=15)).isoformat()}, 422, "tempo_absurdo"),
        ({"ip": "010.9.8.7"}, 400, "valor_invalido"),
    ],
)
def test_what_is_no_payment_is_refused_with_its_reason(
    api: Api, change: dict[str, Any], status: int, reason: str
) -> None:
    (sent,) = some_payments(1)
    answer = post(api(), sent | change)
    assert (answer.status_code, answer.json()["motivo"]) == (status, reason)
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["id_rastro"] == answer.headers["id-rastro"]
    assert api().get(f"/transacoes/{sent['id_transacao']}").status_code == 404


def test_a_body_that_is_too_large_or_not_json_is_refused_before_it_is_read(api: Api) -> None:
    assert post(api(), b"x" * 1_000_000).status_code == 413
    assert api().post("/transacoes", content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 415
    assert post(api(), b"").json()["motivo"] == "vazio"


@pytest.mark.parametrize(
    ("scope", "asked", "read"), [(DECIDE, 200, 403), (READ, 403, 404), (f"{DECIDE} {READ}", 200, 200)]
)
def test_each_route_asks_for_its_scope(api: Api, scope: str, asked: int, read: int) -> None:
    (sent,) = some_payments(1)
    client = api(scope=scope)
    assert post(client, sent).status_code == asked
    assert client.get(f"/transacoes/{sent['id_transacao']}").status_code == read


def test_an_idle_connection_outlives_a_clients_and_a_load_balancers_patience(platform: Platform) -> None:
    with closing(HTTPConnection(HOST, platform.config.risk_port, timeout=10)) as connection:
        for pause in (6, 0):
            connection.request("GET", "/saude/viva")
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
            time.sleep(pause)


def test_without_a_token_nothing_is_answered(platform: Platform) -> None:
    with httpx.Client(base_url=platform.config.risk_url) as client:
        assert post(client, some_payments(1)[0]).status_code == 401
        assert client.get("/transacoes/x").status_code == 401


def test_the_issuer_gives_nothing_to_a_stranger_nor_more_than_a_client_may(platform: Platform) -> None:
    config = platform.config
    secret = config.risk_client_secret.get_secret_value()
    for auth, scope, grant in (
        (("loja", "wrong"), "", "client_credentials"),
        (("stranger", ""), "", "client_credentials"),
        (("loja", secret), "risco:ler:todos", "client_credentials"),
        (("loja", secret), "", "password"),
    ):
        answer = httpx.post(config.oauth_token_url, data={"grant_type": grant, "scope": scope}, auth=auth)
        assert answer.status_code in {400, 401}, auth
        assert "access_token" not in answer.text
