"""The same payment many times at the same moment: one record on the topic, one decision, counted once."""

import json
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from acude.local.platform import Platform
from acude.payments.velocity_store import connect_velocity_store
from acude.risk.payment import Payment, of_fields
from acude.settings import Settings
from tests.integration.payments.conftest import Shop, some_payments
from tests.integration.payments.test_once import post
from tests.waiting import awaited

Api = Callable[..., httpx.Client]
TIMES = 20


def at_once(api: Api, sent: dict[str, Any], keys: list[str]) -> list[httpx.Response]:
    """The answers to one payment that is sent at one moment under each of these keys."""
    client = api()
    with ThreadPoolExecutor(len(keys)) as pool:
        return list(pool.map(lambda key: post(client, sent, **{"Idempotency-Key": key}), keys))


def of_a_new_payer() -> dict[str, Any]:
    """A payment of a payer of whom nobody knows another one."""
    (sent,) = some_payments(1)
    return sent | {"id_pagador": f"p-{sent['id_transacao']}"}


def counted(config: Settings, sent: dict[str, Any]) -> int:
    """How many payments the velocity store has of the payment's payer."""
    payment = as_payment(sent)
    found = connect_velocity_store(config).history_of([payment]).of(payment)
    return len(found["pagador"].rows)


def as_payment(sent: dict[str, Any]) -> Payment:
    return of_fields(sent | {"valor": Decimal(str(sent["valor"]))})


def assert_one_decision(shop: Shop, sent: dict[str, Any], answers: list[httpx.Response]) -> None:
    assert {one.status_code for one in answers} <= {200, 202}
    assert len({one.text for one in answers if one.status_code == 200}) == 1
    assert [len(rows) for rows in shop.decisions([sent]).values()] == [1]
    assert counted(shop.config, sent) == 1


@pytest.mark.parametrize("number", [1, TIMES])
def test_twenty_at_once_are_one_payment_under_one_key_and_under_twenty(api: Api, shop: Shop, number: int) -> None:
    sent = of_a_new_payer()
    keys = [f"k{n % number}-{sent['id_transacao']}" for n in range(TIMES)]
    assert_one_decision(shop, sent, at_once(api, sent, keys))


def test_a_client_that_hangs_up_at_once_leaves_its_key_to_the_others(api: Api, shop: Shop, platform: Platform) -> None:
    sent = of_a_new_payer()
    key = f"k-{sent['id_transacao']}"
    for whole in (False, True):
        hang_up(platform.config.risk_url, api().headers["Authorization"], sent, key, whole=whole)
    assert_one_decision(shop, sent, at_once(api, sent, [key] * (TIMES - 1)))
    again = awaited(lambda: post(api(), sent, **{"Idempotency-Key": key}), lambda one: one.status_code == 200)
    assert again.json()["id_transacao"] == sent["id_transacao"]


def hang_up(url: str, token: str, sent: dict[str, Any], key: str, *, whole: bool) -> None:
    """Sends a payment, or all of it but its last byte, and closes the connection at once."""
    with closing(connected(url)) as connection:
        connection.sendall(written(token, sent, key)[: None if whole else -1])


def connected(url: str) -> socket.socket:
    place = urlsplit(url)
    return socket.create_connection((str(place.hostname), int(place.port or 0)), timeout=30)


def written(token: str, sent: dict[str, Any], key: str) -> bytes:
    """The request's bytes, whatever a client's library thinks of them."""
    body = json.dumps(sent).encode()
    head = (
        f"POST /transacoes HTTP/1.1\r\nHost: porta\r\nAuthorization: {token}\r\nIdempotency-Key: {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@pytest.mark.parametrize("key", ["k" * 300, "", '"k-1"', "k 1", "a\tb", "\u00e9", "a/b"])
def test_a_key_that_is_no_id_is_refused(api: Api, key: str) -> None:
    (sent,) = some_payments(1)
    headers = [(b"Content-Type", b"application/json"), (b"Idempotency-Key", key.encode())]
    answer = api().post("/transacoes", content=json.dumps(sent).encode(), headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


@pytest.mark.parametrize("key", ["k\n1", "k\r1", "k\0", "k\n 1"])
def test_a_key_that_is_no_header_is_refused(api: Api, platform: Platform, key: str) -> None:
    (sent,) = some_payments(1)
    with closing(connected(platform.config.risk_url)) as connection:
        connection.sendall(written(api().headers["Authorization"], sent, key))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 400 ")
