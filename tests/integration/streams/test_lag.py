"""How far each query is behind the silver tables that it reads, from its real checkpoint."""

from datetime import timedelta
from uuid import uuid4

from confluent_kafka import Producer

from acude.kafka import brokers
from acude.kafka.topics import ensure_topics
from acude.orchestration.lag import lags
from jobs.streaming.queries import QUERIES
from tests.integration.streams.silver import NOON, Silver
from tests.integration.streams.steps import ingest, measure, stock
from tests.integration.streams.streamlab import StreamLab

NOTHING = timedelta()
LANDING = ("ingest", "eventos_clientes")
EVENTS, UPDATES = ("measure", "silver.eventos_clientes"), ("stock", "silver.atualizacoes_estoque")


def behind(lab: StreamLab) -> dict[tuple[str, str], timedelta]:
    return {(lag.reader, lag.source): lag.behind for lag in lags(lab.config)}


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
