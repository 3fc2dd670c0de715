"""Overload, a worker that hangs, a broker that dies: what was accepted is decided once, the rest is refused at once."""

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from acude.kafka import transaction
from acude.local.platform import Platform
from acude.payments.serde import DECISIONS, TOPIC
from acude.payments.store import Store
from tests.integration.payments.conftest import Shop, another_api, hanging, some_payments

pytestmark = pytest.mark.usefixtures("payments_watched")

Api = Callable[..., httpx.Client]
Answers = dict[str, httpx.Response]
ACCEPTED, REFUSED = {200, 202}, {408, 429, 503}
BUDGET_MS = 2_000


@pytest.fixture
def payments_watched(shop: Shop) -> None:
    shop.watch(TOPIC)


def ask(url: str, token: str, sent: Sequence[dict[str, Any]], rate: float) -> Answers:
    """Asks for each when it is due, whatever became of those before; answers by payment, none where none came."""

    async def run() -> Answers:
        limits = httpx.Limits(max_connections=None)
        found: Answers = {}
        async with httpx.AsyncClient(headers={"Authorization": token}, timeout=30, limits=limits) as client:

            async def one(payment: dict[str, Any]) -> None:
                found[payment["id_transacao"]] = await client.post(f"{url}/transacoes", json=payment)

            begin = time.monotonic()
            async with asyncio.TaskGroup() as group:
                for number, payment in enumerate(sent):
                    await asyncio.sleep(max(0, begin + number / rate - time.monotonic()))
                    group.create_task(one(payment))
        return found

    return asyncio.run(run())


def ids(answers: Answers, statuses: set[int]) -> set[str]:
    return {one for one, answer in answers.items() if answer.status_code in statuses}


def assert_each_accepted_is_decided_once(
    shop: Shop, sent: Sequence[dict[str, Any]], answers: Answers, within_ms: int = BUDGET_MS
) -> None:
    """Accepted ones have one decision each, within this time or flagged; the others got a time to come back."""
    assert ids(answers, ACCEPTED) | ids(answers, REFUSED) == {one["id_transacao"] for one in sent}
    assert all(answers[one].headers["Retry-After"] for one in ids(answers, REFUSED))
    accepted = [one for one in sent if one["id_transacao"] in ids(answers, ACCEPTED)]
    decisions = shop.decisions(accepted)
    assert {one: len(rows) for one, rows in decisions.items()} == dict.fromkeys(ids(answers, ACCEPTED), 1)
    # By the broker's clock at both ends: what the worker says of itself can't contradict its own flag.
    asked, answered = (shop.taken_ms(topic, set(decisions)) for topic in (TOPIC, DECISIONS))
    late = {one for one in decisions if answered[one] - asked[one] > within_ms}
    assert {one for one in late if "prazo" not in decisions[one][0]["causas"]} == set()


@contextmanager
def promised(url: str, token: str, number: int) -> Iterator[list[socket.socket]]:
    """So many connections of one client, each with a payment whose body does not come."""
    to = urlsplit(url)
    head = f"POST /transacoes HTTP/1.1\r\nHost: {to.netloc}\r\nAuthorization: {token}\r\n"
    head += "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    with ExitStack() as opened:
        found = [opened.enter_context(socket.create_connection((to.hostname, to.port), 30)) for _ in range(number)]
        for one in found:
            one.sendall(head.encode())
        yield found


def all_of(connection: socket.socket) -> bytes:
    """What comes until the other end closes the connection."""
    return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_more_than_can_be_borne_is_refused_and_the_rest_decided_once(shop: Shop, api: Api, platform: Platform) -> None:
    sent = some_payments(1_500)
    token = api().headers["Authorization"]
    with another_api(platform.config, risk_most_waiting=30, risk_rate_limit=100_000) as url:
        bearable = len(sent[:300]) / seconds_for(url, token, sent[:300])
        answers = ask(url, token, sent[300:], 4 * bearable)
    assert ids(answers, REFUSED)
    assert_each_accepted_is_decided_once(shop, sent[300:], answers)


def seconds_for(url: str, token: str, sent: Sequence[dict[str, Any]]) -> float:
    """How long the API takes for these, a few at a time."""
    begin = time.monotonic()
    for part in range(0, len(sent), 10):
        ask(url, token, sent[part : part + 10], 1_000)
    return time.monotonic() - begin


def test_bodies_that_never_come_take_no_place_of_other_payments_and_are_refused_in_time(
    shop: Shop, api: Api, platform: Platform
) -> None:
    url, token, sent = platform.config.risk_url, api().headers["Authorization"], some_payments(20)
    with promised(url, token, platform.config.risk_most_waiting) as connections:
        answers = ask(url, token, sent, 20)
        refused = [all_of(one).partition(b"\r\n")[0].split()[1] for one in connections]
    assert {answer.status_code for answer in answers.values()} == {200}
    assert refused == [b"408"] * platform.config.risk_most_waiting
    assert_each_accepted_is_decided_once(shop, sent, answers)


def test_while_a_worker_hangs_payments_are_refused_and_those_accepted_before_are_decided_and_flagged(
    shop: Shop, api: Api, platform: Platform
) -> None:
    sent = some_payments(400)
    with hanging(platform, "risk-worker"):
        answers = ask(platform.config.risk_url, api().headers["Authorization"], sent, 100)
    assert_each_accepted_is_decided_once(shop, sent, answers)
    assert {answer.status_code for answer in answers.values()} >= {202, 503}
    refused = [one for one in sent if one["id_transacao"] in ids(answers, REFUSED)]
    accepted = {one["id_transacao"] for one in sent} - {one["id_transacao"] for one in refused}
    # What the API refused never reached the topic.
    assert set(shop.decisions([one for one in sent if one["id_transacao"] in accepted])) == accepted
    assert not set(shop.read("decisoes_risco", accepted)) & {one["id_transacao"] for one in refused}


@retry(retry=retry_if_result(lambda found: found is None), stop=stop_after_delay(60), wait=wait_fixed(0.5))
def stored(store: Store, id_transacao: str) -> dict[str, Any] | None:
    return store.decision(id_transacao)


def test_a_broker_that_dies_loses_no_payment_and_decides_none_twice(
    shop: Shop, api: Api, platform: Platform, store: Store
) -> None:
    sent = some_payments(600)
    pid = platform.pid("kafka")
    assert pid
    killed = time.monotonic() + 2

    def kill() -> None:
        time.sleep(max(0, killed - time.monotonic()))
        os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    answers = ask(platform.config.risk_url, api().headers["Authorization"], sent, 100)
    killer.join()
    platform.wait_back("kafka", pid)
    # What was refused meanwhile is sent again, as its client would.
    again = [one for one in sent if one["id_transacao"] in ids(answers, REFUSED)]
    assert again
    for name in ("risk-worker", "risk-api"):
        platform.wait_ready(name)
    answers |= ask(platform.config.risk_url, api().headers["Authorization"], again, 50)
    # What was on its way when the broker died arrives with its transaction, or is decided and judged again.
    assert_each_accepted_is_decided_once(shop, sent, answers, BUDGET_MS + transaction.TIMEOUT_MS)
    decisions = shop.decisions([one for one in sent if one["id_transacao"] in ids(answers, ACCEPTED)])
    for one, (row,) in decisions.items():
        kept = stored(store, one)
        assert kept is not None
        assert (kept["decisao"], kept["pontuacao"], kept["id_rastro"]) == (
            row["decisao"],
            row["pontuacao"],
            row["id_rastro"],
        )
