"""Payments with the numbers of a canary in them, right and wrong, on each way into the platform."""

import json
from typing import Any, Final
from uuid import uuid4

import httpx
from kafka import KafkaProducer

from acude.contracts.documents import tokens_of
from acude.contracts.personal import without_documents
from acude.kafka import brokers
from acude.local.platform import Platform
from acude.payments.serde import TOPIC
from tests.integration.payments.canary_numbers import Canary
from tests.integration.payments.conftest import OF_A_KIND, some_payments, suspicious

Payment = dict[str, Any]

_IDS: Final = ("id_pagador", "id_recebedor", "id_dispositivo", "id_terminal", "id_pedido")


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
    producer = KafkaProducer(**brokers.kafka_python(platform.config), acks="all")
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
