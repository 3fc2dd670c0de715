"""How far each query is behind the silver tables that it reads, from its real checkpoint."""

from contextlib import closing
from datetime import timedelta
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from kafka import KafkaProducer

from acude.kafka import brokers
from acude.kafka.topics import ensure_topics
from acude.orchestration.lag import lags
from jobs.streaming.queries import INGEST, QUERIES
from tests.integration.payments.minutes.rows import decision, payment
from tests.integration.streams.silver import NOON, Silver
from tests.integration.streams.steps import ingest, measure, stock
from tests.integration.streams.streamlab import StreamLab

NOTHING = timedelta()
LANDING = ("ingest", "eventos_clientes")
EVENTS, UPDATES = ("measure", "silver.eventos_clientes"), ("stock", "silver.atualizacoes_estoque")


def behind(lab: StreamLab) -> dict[tuple[str, str], timedelta]:
    return {(lag.reader, lag.source): lag.behind for lag in lags(lab.config) if lag.behind is not None}


def test_every_table_that_a_query_reads_is_looked_at(spark: StreamLab, silver: Silver) -> None:
    del silver
    assert {(query.name, source) for query in QUERIES for source in query.sources} <= behind(spark).keys()


def test_a_query_is_behind_as_long_as_rows_wait_that_it_has_not_counted(spark: StreamLab, silver: Silver) -> None:
    silver.land(silver.event(NOON, "u1"))
    spark.append("silver.atualizacoes_estoque", [silver.update(NOON, "p1", 5)])
    spark.do(measure)
    spark.do(stock)
    assert (behind(spark)[EVENTS], behind(spark)[UPDATES]) == (NOTHING, NOTHING)

    silver.land(silver.event(NOON, "u2"))
    assert behind(spark)[EVENTS] > NOTHING
    assert behind(spark)[UPDATES] == NOTHING

    spark.do(measure)
    spark.append("silver.atualizacoes_estoque", [silver.update(NOON, "p1", 4)])
    assert behind(spark)[EVENTS] == NOTHING
    assert behind(spark)[UPDATES] > NOTHING


@pytest.mark.parametrize(("query", "source"), [(query.name, one) for query in QUERIES for one in query.sources])
def test_a_query_that_never_finished_a_batch_is_behind_all_rows(
    spark: StreamLab, silver: Silver, query: str, source: str
) -> None:
    paid = payment(NOON)
    rows = {
        "silver.eventos_clientes": silver.event(NOON, "u1"),
        "silver.atualizacoes_estoque": silver.update(NOON, "p1", 5),
        "silver.transacoes": paid,
        "silver.decisoes_risco": decision(paid, "aprovar"),
    }
    spark.create(source)
    assert behind(spark)[query, source] == NOTHING
    spark.append(source, [rows[source]])
    assert behind(spark)[query, source] > NOTHING


def test_landing_is_behind_as_long_as_records_wait_on_a_topic(spark: StreamLab, silver: Silver) -> None:
    del silver
    place = (INGEST.name, "contestacoes")
    with closing(KafkaProducer(**brokers.kafka_python(spark.config), acks="all")) as producer:
        producer.send(place[1], b"{").get(timeout=30)
        assert behind(spark)[place] > NOTHING
        spark.do(ingest)
        assert behind(spark)[place] == NOTHING
        producer.send(place[1], b"{").get(timeout=30)
    assert behind(spark)[place] > NOTHING


def test_ingest_is_not_behind_records_whose_transaction_was_aborted(spark: StreamLab, silver: Silver) -> None:
    del silver
    ensure_topics(spark.config)
    producer = Producer({**brokers.librdkafka(spark.config), "transactional.id": f"teste-{uuid4()}"})
    producer.init_transactions(30)
    for key in ("kept", "aborted"):
        producer.begin_transaction()
        for _ in range(5):
            producer.produce("eventos_clientes", b"{}", key)
        producer.flush(30)
        producer.commit_transaction(30) if key == "kept" else producer.abort_transaction(30)
    assert behind(spark)[LANDING] > NOTHING

    spark.do(ingest)
    keys = [row["chave"] for row in spark.rows("bronze.eventos")]
    assert (keys.count(b"kept"), keys.count(b"aborted")) == (5, 0)
    assert behind(spark)[LANDING] == NOTHING
