"""No transaction of a worker stays open: readers of committed decisions would wait at it for ever."""

from contextlib import closing

from confluent_kafka import Producer
from kafka import KafkaConsumer, TopicPartition

from acude.kafka import brokers
from acude.local.platform import Platform
from acude.payments.routes import group_of
from acude.payments.serde import DECISIONS
from acude.payments.worker import WRITES, identity_of
from tests.integration.payments.conftest import Shop, some_payments
from tests.servers import away

LONG_MS = 600_000


def ends(platform: Platform) -> dict[TopicPartition, int]:
    """Where each partition that a worker writes to ends, with what is not committed."""
    with closing(KafkaConsumer(bootstrap_servers=platform.config.kafka_bootstrap)) as consumer:
        names = [(topic, number) for topic in WRITES for number in consumer.partitions_for_topic(topic)]
        found: dict[TopicPartition, int] = consumer.end_offsets([TopicPartition(*name) for name in names])
    return found


def test_a_transaction_that_nobody_ends_is_ended_by_the_worker_that_starts_next(shop: Shop, platform: Platform) -> None:
    identity = identity_of(platform.config, group_of(None))
    with away(platform, "risk-worker"):
        lost = Producer(
            brokers.librdkafka(platform.config) | {"transactional.id": identity, "transaction.timeout.ms": LONG_MS}
        )
        lost.init_transactions(30)
        lost.begin_transaction()
        for place in shop.begins[DECISIONS]:
            lost.produce(DECISIONS, b"{}", "lost", place.partition)
        lost.flush(30)
    sent = some_payments(20)
    shop.send(sent)
    assert len(shop.decisions(sent)) == len(sent)


def test_a_worker_that_starts_ends_a_transaction_in_every_partition(platform: Platform) -> None:
    # A killed broker may forget the end of a transaction in any of them, and then it says nowhere which.
    before = ends(platform)
    with away(platform, "risk-worker"):
        pass
    after = ends(platform)
    # Each has an empty record and its end.
    assert {place: after[place] - end for place, end in before.items()} == dict.fromkeys(before, 2)
