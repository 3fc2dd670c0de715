"""No transaction of a worker stays open: readers of committed decisions would wait at it for ever."""

from contextlib import closing

from confluent_kafka import Producer
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import AbortTransactionSpec

from acude.kafka import brokers, forgotten
from acude.local.platform import Platform
from acude.payments.routes import group_of
from acude.payments.serde import DECISIONS
from acude.payments.worker import identity_of
from acude.settings import Settings
from tests.integration.payments.conftest import Shop, some_payments
from tests.servers import away

LONG_MS = 600_000


def left_open(config: Settings, identity: str, places: list[TopicPartition]) -> Producer:
    """A producer with a record in each place, in a transaction that it does not end."""
    found = Producer(brokers.librdkafka(config) | {"transactional.id": identity, "transaction.timeout.ms": LONG_MS})
    found.init_transactions(30)
    found.begin_transaction()
    for place in places:
        found.produce(place.topic, b"{}", "lost", place.partition)
    found.flush(30)
    return found


def test_a_transaction_that_nobody_ends_is_ended_by_the_worker_that_starts_next(shop: Shop, platform: Platform) -> None:
    with away(platform, "risk-worker"):
        lost = left_open(platform.config, identity_of(platform.config, group_of(None)), list(shop.begins[DECISIONS]))
    sent = some_payments(20)
    shop.send(sent)
    assert len(shop.decisions(sent)) == len(sent)
    del lost


def test_what_a_coordinator_says_is_committed_can_be_committed_from_outside(platform: Platform, topic: str) -> None:
    place = TopicPartition(topic, 0)
    lost = left_open(platform.config, topic, [place])
    with closing(forgotten._Committing(**brokers.kafka_python(platform.config))) as admin:
        (producer,) = admin.describe_producers([place])[place].active_producers
        admin.commit_transaction(
            AbortTransactionSpec(place, producer.producer_id, producer.producer_epoch, producer.coordinator_epoch)
        )
    with closing(
        KafkaConsumer(
            topic,
            **brokers.kafka_python(platform.config),
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            consumer_timeout_ms=5_000,
        )
    ) as consumer:
        assert [record.value for record in consumer] == [b"{}"]
    del lost
