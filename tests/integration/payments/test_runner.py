"""What the runner promises, with a real broker: a clean shutdown, and no stop at a record that nobody can read."""

import json
import re
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import httpx
import orjson
from kafka import KafkaAdminClient, KafkaProducer
from typer.testing import CliRunner

from acude.cli import app
from acude.kafka import brokers
from acude.payments import deadletters
from acude.payments.groups import WORKERS
from acude.payments.serde import DECISIONS, TOPIC
from acude.payments.store import Store
from acude.settings import HOST
from tests.integration.payments.conftest import PixWorkers, Shop, some_payments
from tests.waiting import awaited


def test_a_worker_that_is_stopped_commits_its_batch_leaves_its_group_and_the_next_one_goes_on(
    pix: PixWorkers, shop: Shop
) -> None:
    sent = some_payments(400)
    shop.send(sent[:200], f"{TOPIC}_pix")
    assert pix.terminate() == 0
    # A consumer that only dies stays in its group until its session times out.
    with closing(KafkaAdminClient(**brokers.kafka_python(shop.config))) as admin:
        group = f"{WORKERS}-pix"
        assert admin.describe_groups([group])[group]["members"] == []
    pix.start()
    shop.send(sent[200:], f"{TOPIC}_pix")
    assert {name: len(rows) for name, rows in shop.decisions(sent).items()} == dict.fromkeys(
        [one["id_transacao"] for one in sent], 1
    )


HALF: Final = b'{"timestamp": "2026-11-22T10:00:00Z", "transacao_em": "2026-11-22T10:00:00Z", "valor": 1}'
"""Everything that a row is made from, and nothing else of what the database asks for."""

UNFIT: Final = ({"tipo_pagamento": "pix\0"}, {"motivos": ["\0"]}, {"uf": "São Paulo"})
"""What makes a decision that fits its contract one that the database can't hold."""


def decision(**changes: Any) -> bytes:  # noqa: ANN401 - of any column
    """A decision as a worker would make it, with other fields."""
    now = datetime.now(UTC)
    ids = {"id_transacao": f"t-{uuid4().hex}", "id_pagador": "p-1", "id_rastro": uuid4().hex}
    said = {"decisao": "aprovar", "pontuacao": 3, "motivos": [], "degradado": False, "causas": [], "latencia_ms": 1}
    paid = {"tipo_pagamento": "pix", "operacao": "pagamento", "valor": 10.5, "moeda": "BRL", "transacao_em": now}
    versions = {"versao_regras": "1", "versao_modelo": "nenhum"}
    return orjson.dumps(ids | said | paid | versions | {"timestamp": now} | changes)


def test_a_record_that_is_no_decision_or_fits_no_row_stops_neither_the_recorder_nor_the_payment_api(
    shop: Shop, store: Store, api: Callable[..., httpx.Client]
) -> None:
    asked, sent = some_payments(2)
    wrong = [b"x", b"{", HALF, *(decision(**one) for one in UNFIT)]
    known = {letter.at for letter in deadletters.letters(shop.config)}
    with closing(KafkaProducer(**brokers.kafka_python(shop.config), acks="all")) as producer:
        for partition in producer.partitions_for(DECISIONS):
            for value in wrong:
                producer.send(DECISIONS, value, partition=partition).get(timeout=30)
            partitions = len(producer.partitions_for(DECISIONS))
    assert api().post("/transacoes", json=asked).status_code == 200
    assert httpx.get(f"{shop.config.risk_url}/saude/viva").status_code == 200
    shop.send([sent])
    for one in (asked, sent):
        awaited(lambda one=one: store.decision(one["id_transacao"]), bool)  # type: ignore[misc]
    kept = awaited(
        lambda: [one for one in deadletters.letters(shop.config) if one.at not in known],
        lambda found: len(found) >= partitions * len(wrong),
    )
    assert Counter(letter.value for letter in kept) == dict.fromkeys(wrong, partitions)
    reasons = {letter.value: letter.reason for letter in kept}
    assert reasons == dict.fromkeys(wrong[:3], deadletters.UNREADABLE) | dict.fromkeys(wrong[3:], deadletters.UNFIT)
    listed = json.loads(CliRunner().invoke(app, ["deadletters", "list", "--motivo", "ilegivel", "--json"]).stdout)
    assert DECISIONS in {one["topico"] for one in listed}
    shown = httpx.get(f"http://{HOST}:{shop.config.risk_recorder_port}/metrics").text
    (counted,) = re.findall(r"^risco_registros_ilegiveis_total (\S+)$", shown, re.MULTILINE)
    assert float(counted) >= len(kept)
