"""Numbers that came in ids are in no object of silver and gold: rows, statistics and logs as the driver writes them."""

import io
import json
from collections.abc import Iterator
from itertools import product

import pyarrow.parquet as pq
from kafka import KafkaProducer

from acude.aws import s3
from acude.kafka import brokers
from acude.local.platform import Platform
from tests.integration.payments.canary_numbers import Canary
from tests.integration.payments.canary_requests import on_the_topic
from tests.integration.streams.silver import NOON
from tests.integration.streams.steps import ingest, measure
from tests.integration.streams.streamlab import StreamLab

TOPIC = "eventos_clientes"
IDS = ("id_usuario", "id_produto", "id_pedido", "id_evento")


def shoppers_events(canary: Canary) -> list[bytes]:
    """Purchases with a number in each of their ids in turn."""
    usual = {
        "id_usuario": "u1", "tipo_evento": "compra", "timestamp": NOON.isoformat(), "id_produto": "p1",
        "id_pedido": "1", "quantidade": 1, "preco": 1.5, "moeda": "BRL", "id_evento": "e1",
    }  # fmt: skip
    texts = canary.documents_in_ids + canary.cards_in_ids
    return [json.dumps(usual | {name: text}).encode() for name, text in product(IDS, texts)]


def send(platform: Platform, canary: Canary) -> None:
    producer = KafkaProducer(**brokers.kafka_python(platform.config), acks="all")
    for event in shoppers_events(canary):
        producer.send(TOPIC, event, canary.cpf.encode())
    producer.flush(30)
    producer.close()
    on_the_topic(platform, canary)


def objects(lab: StreamLab, layer: str) -> Iterator[tuple[str, str]]:
    """Each object of a layer: its key, and its content as text; rows and statistics of Parquet unpacked."""
    client, bucket = s3(lab.config), lab.config.lake_bucket
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{layer}/")
    for key in (one["Key"] for page in pages for one in page.get("Contents", ())):
        content = client.get_object(Bucket=bucket, Key=key)["Body"].read()
        if not key.endswith(".parquet"):
            yield key, content.decode()
            continue
        file = pq.ParquetFile(io.BytesIO(content))
        groups = [file.metadata.row_group(number).to_dict() for number in range(file.num_row_groups)]
        yield key, repr((file.read().to_pylist(), groups, file.metadata.metadata))


def test_no_object_of_silver_and_gold_has_a_number(platform: Platform, spark: StreamLab) -> None:
    canary = Canary.drawn()
    spark.new_lake()
    send(platform, canary)
    spark.do(ingest)
    spark.do(measure)
    assert {
        key: found
        for layer in ("silver", "gold")
        for key, text in objects(spark, layer)
        if (found := canary.found_in(text))
    } == {}
    # Some rows came through, others wait in quarantine, and the search does find what is there.
    assert {"silver.eventos_clientes", "silver.transacoes", "silver.quarentena"} <= filled(spark)
    assert set(canary.found_in("".join(text for _, text in objects(spark, "bronze")))) == set(canary.written)


def filled(lab: StreamLab) -> set[str]:
    """The tables of silver with rows."""
    keys = [key for key, _ in objects(lab, "silver") if key.endswith(".parquet") and "_delta_log" not in key]
    return {".".join(key.split("/")[:2]) for key in keys}
