"""A way of paying that the settings give a topic of its own is decided there, by a group of workers of its own."""

import time
from typing import Any

import httpx
import orjson

from acude.kafka.reader import TopicReader
from acude.payments.serde import DECISIONS, TOPIC
from tests.integration.payments.conftest import OF_A_KIND, PixWorkers, Shop, another_api, some_payments, token

PIX = f"{TOPIC}_pix"
OWN_FIELDS = {"pix": {"chave_pix": "chave-1"}, "boleto": {"vencimento": "2030-01-31"}}


def paid_by(way: str, number: int) -> list[dict[str, Any]]:
    """Payments that nobody has made before, all by this way."""
    own = OWN_FIELDS[way] | {"tipo_pagamento": way, "operacao": "pagamento"}
    plain = ({name: one[name] for name in one if name not in OF_A_KIND} for one in some_payments(number))
    return [one | own for one in plain]


def topic_of(shop: Shop, payment: dict[str, Any]) -> set[str]:
    """The topics that hold the payment."""
    now, topics, wanted = time.time_ns() // 1_000_000, TopicReader(shop.config), payment["id_transacao"].encode()
    return {name for name in (TOPIC, PIX) if topics.between(name, now - 60_000, now, holding=wanted)}


def test_the_api_sends_a_payment_to_the_topic_of_its_way_and_its_workers_answer(pix: PixWorkers, shop: Shop) -> None:
    config = pix.config
    headers = {"Authorization": f"Bearer {token(config, 'loja', config.risk_client_secret.get_secret_value())}"}
    sent = [*paid_by("pix", 1), *paid_by("boleto", 1)]
    with another_api(config, risk_own_topics=("pix",)) as api, httpx.Client(base_url=api, headers=headers) as client:
        for one in sent:
            json = {"Content-Type": "application/json"}
            asked = client.post("/transacoes", content=orjson.dumps(one), headers=json, timeout=10)
            assert asked.status_code == 200, asked.text
    assert [topic_of(shop, one) for one in sent] == [{PIX}, {TOPIC}]


def test_while_a_group_is_dead_the_others_decide_and_its_payments_wait_for_it(pix: PixWorkers, shop: Shop) -> None:
    waiting, others = paid_by("pix", 40), paid_by("boleto", 40)
    shop.send(waiting[:20], PIX)
    pix.kill()
    shop.send(waiting[20:], PIX)
    shop.send(others)
    decided = shop.decisions(others)
    assert {len(rows) for rows in decided.values()} == {1}
    newest = {one["id_transacao"] for one in waiting[20:]}
    assert not newest & shop.read(DECISIONS, {others[0]["id_transacao"]}).keys()
    pix.start()
    decided = shop.decisions(waiting)
    assert decided.keys() == {one["id_transacao"] for one in waiting}
    assert {len(rows) for rows in decided.values()} == {1}


def test_a_payment_that_comes_on_another_topic_than_its_own_is_decided_there(pix: PixWorkers, shop: Shop) -> None:
    del pix
    (wrong,) = paid_by("boleto", 1)
    shop.send([wrong], PIX)
    shop.send([wrong])
    # Twice is once, whichever topics it came on.
    assert len(shop.decisions([wrong])[wrong["id_transacao"]]) == 1
