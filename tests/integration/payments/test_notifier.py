"""Refusals and reviews are delivered to the webhook; what it does not take is a dead letter and is sent again."""

import base64
import json
import os
import signal
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import httpx
import orjson
import pytest
from confluent_kafka import Consumer, TopicPartition
from kafka import KafkaProducer
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed
from typer.testing import CliRunner

from acude.cli import app
from acude.kafka import brokers, reader
from acude.local.platform import Platform
from acude.payments.serde import ALERTS
from acude.simulator.receiver import Mode
from tests.integration.payments.conftest import Shop, behave, hanging, suspicious

Payment = dict[str, Any]
Alert = dict[str, Any]


@retry(retry=retry_if_result(lambda found: not found), stop=stop_after_delay(60), wait=wait_fixed(0.3))
def eventually(ask: Callable[[], list[Any]]) -> list[Any]:
    """What is asked for, once there is any."""
    return ask()


def delivered(url: str, payment: Payment) -> list[Alert]:
    """What the receiver took about a payment."""
    found = httpx.get(f"{url}/recebidos").json()
    return [one for one in found if one["dados"].get("id_transacao") == payment["id_transacao"]]


def deadletters(*arguments: str, code: int = 0) -> Any:  # noqa: ANN401 - JSON
    answer = CliRunner().invoke(app, ["deadletters", *arguments, "--json"])
    assert answer.exit_code == code, answer.stderr
    return json.loads(answer.stdout) if answer.stdout else answer.stderr


def letters_about(trace: str) -> list[Any]:
    return [one for one in deadletters("list") if one["id_rastro"] == trace]


def test_what_is_not_approved_is_delivered_once_with_its_trace(shop: Shop, receiver: str) -> None:
    (bad,) = suspicious(1)
    shop.send([bad])
    (decision,) = shop.decisions([bad])[bad["id_transacao"]]
    (alert,) = eventually(lambda: delivered(receiver, bad))
    assert (alert["tipo"], alert["vezes"]) == ("alerta_risco", 1)
    assert alert["dados"]["motivos"] == decision["motivos"]
    assert alert["rastro"].split("-")[1] == alert["dados"]["id_rastro"] == decision["id_rastro"]


@pytest.mark.parametrize(("mode", "reason"), [(Mode.BROKEN, "webhook_sem_resposta"), (Mode.GONE, "webhook_recusou")])
def test_what_the_webhook_does_not_take_is_decided_all_the_same_and_waits_until_it_is_sent_again(
    shop: Shop, receiver: str, mode: Mode, reason: str
) -> None:
    behave(receiver, mode)
    (sent,) = suspicious(1)
    shop.send([sent])
    (decision,) = shop.decisions([sent])[sent["id_transacao"]]
    assert decision["latencia_ms"] < 2_000
    (letter,) = eventually(lambda: letters_about(decision["id_rastro"]))
    assert (letter["topico"], letter["motivo"], letter["reenviado"]) == (ALERTS, reason, False)
    place = f"{ALERTS}/{letter['particao']}/{letter['deslocamento']}"
    original = base64.b64decode(deadletters("show", place)["valor_base64"])
    assert orjson.loads(original)["id_transacao"] == sent["id_transacao"]
    assert delivered(receiver, sent) == []
    behave(receiver, Mode.UP)
    assert deadletters("replay", "--record", place)["enviados"] == [place]
    (alert,) = eventually(lambda: delivered(receiver, sent))
    assert alert["dados"] == orjson.loads(original)
    again = deadletters("replay", "--record", place)
    assert again == {"enviados": [], "ja_enviados": [place], "ficaram": []}
    assert deadletters("show", place)["reenviado"]


def test_a_notifier_that_is_killed_leaves_no_alert_undelivered(shop: Shop, receiver: str, platform: Platform) -> None:
    behave(receiver, Mode.BROKEN)
    sent = suspicious(20)
    shop.send(sent)
    assert len(shop.decisions(sent)) == len(sent)
    pid = platform.pid("risk-notifier")
    assert pid
    os.kill(pid, signal.SIGKILL)
    behave(receiver, Mode.UP)
    platform.wait_back("risk-notifier", pid)
    for one in sent:
        assert len(eventually(lambda one=one: delivered(receiver, one) or letters_of(one))) == 1  # type: ignore[misc]


def letters_at(place: str) -> list[Any]:
    return [one for one in deadletters("list") if place == f"{one['topico']}/{one['particao']}/{one['deslocamento']}"]


def letters_of(payment: Payment) -> list[Any]:
    """Dead letters of a payment, found by their bytes."""
    found = []
    for letter in deadletters("list"):
        place = f"{letter['topico']}/{letter['particao']}/{letter['deslocamento']}"
        value = base64.b64decode(deadletters("show", place)["valor_base64"])
        if payment["id_transacao"].encode() in value:
            found.append(letter)
    return found


def test_what_is_no_alert_stops_nothing(shop: Shop, receiver: str, platform: Platform) -> None:
    producer = KafkaProducer(**brokers.kafka_python(platform.config), acks="all")
    loose = b'{"id_transacao":"t","id_rastro":"r","timestamp":"2026-11-22T10:00:00Z"}'
    rubbish, places = (b"\xff", b"[]", b"{}", loose, None), []
    for one in rubbish:
        for partition in (0, 1):
            taken = producer.send(ALERTS, one, b"k", partition=partition).get(30)
            places.append(f"{ALERTS}/{taken.partition}/{taken.offset}")
    producer.close()
    (sent,) = suspicious(1)
    shop.begins.pop(ALERTS)
    shop.send([sent])
    assert eventually(lambda: delivered(receiver, sent))
    taken = [one for one in httpx.get(f"{receiver}/recebidos").json() if one["dados"].get("id_transacao") == "t"]
    assert taken == []
    for place in places:
        (letter,) = eventually(lambda place=place: letters_at(place))  # type: ignore[misc]
        assert letter["motivo"] == "ilegivel"


def test_alerts_of_the_platform_are_passed_on_for_who_shows_the_token(platform: Platform, receiver: str) -> None:
    url = f"http://127.0.0.1:{platform.config.risk_notifier_port}/alertas"
    body = {"status": "firing", "alerts": [{"labels": {"alertname": f"teste-{os.getpid()}"}}]}
    token = (platform.config.var / "alertmanager.token").read_text()
    assert httpx.post(url, json=body).status_code == 401
    assert httpx.post(url, json=body, headers={"Authorization": "Bearer wrong"}).status_code == 401
    right = {"Authorization": f"Bearer {token}"}
    assert httpx.post(url, content=b"no json", headers=right).status_code == 400
    assert httpx.post(url, json=body, headers=right).status_code == 200
    taken = [one for one in httpx.get(f"{receiver}/recebidos").json() if one["dados"] == body]
    assert [(one["tipo"], one["vezes"]) for one in taken] == [("alerta_operacao", 1)]
    behave(receiver, Mode.BROKEN)
    # Alertmanager tries again where this is no success.
    assert httpx.post(url, json=body, headers=right).status_code == 503


def test_an_unknown_letter_is_said_in_a_sentence(shop: Shop) -> None:
    del shop
    assert "There is no dead letter alertas/0/999999999" in deadletters("show", "alertas/0/999999999", code=3)
    assert "There is no reason 'x'" in deadletters("list", "--motivo", "x", code=2)


@pytest.mark.parametrize("command", [("deadletters", "list"), ("deadletters", "replay", "--all")], ids=" ".join)
def test_a_broker_that_hangs_while_it_is_read_is_not_taken_for_one_without_letters(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    with ExitStack() as stack, monkeypatch.context() as patched:

        class Interrupted(Consumer):
            def assign(self, partitions: list[TopicPartition]) -> None:
                stack.enter_context(hanging(platform, "kafka"))
                super().assign(partitions)

        patched.setattr(reader, "Consumer", Interrupted)
        patched.setattr(reader, "_SILENCE_S", 2.0)
        answer = CliRunner().invoke(app, command)
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert "The Kafka broker does not answer as it should" in answer.stderr
    assert deadletters("list") != []
