"""Consumers that begin before their topic is there, or whose partitions move while they hold records of them."""

from contextlib import closing
from uuid import uuid4

import pytest
from confluent_kafka import KafkaException, Producer, TopicPartition
from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from acude.kafka import brokers
from acude.kafka.consumer import GroupConsumer
from acude.kafka.records import Coordinate
from acude.local.platform import Platform
from tests.waiting import awaited


def test_a_topic_that_appears_after_its_reader_is_read(platform: Platform) -> None:
    topic = f"teste_{uuid4().hex[:12]}"
    with closing(KafkaAdminClient(**brokers.kafka_python(platform.config))) as admin:
        consumer = GroupConsumer(platform.config, topic, topic)
        # It has joined its group, which has nothing to share out.
        for _ in range(10):
            assert consumer.take(1, 0.5) == []
        assert not consumer.has_partitions
        admin.create_topics([NewTopic(topic, 1, 1)])
        awaited(lambda: consumer.take(1, 0.3) or consumer.has_partitions, bool)
        consumer.close()
        admin.delete_topics([topic])


def test_records_whose_partitions_have_moved_since_they_were_taken_are_not_committed(
    platform: Platform, topic: str
) -> None:
    producer = Producer(brokers.librdkafka(platform.config) | {"transactional.id": topic})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(topic, b"{}")
    producer.commit_transaction(30)
    first = GroupConsumer(platform.config, topic, topic)
    (record,) = awaited(lambda: first.take(10, 0.3), bool)
    second = GroupConsumer(platform.config, topic, topic)
    # As the runner's next poll would, but the batch in hand is that of before.
    awaited(lambda: first._consumer.poll(0.1) or second.take(1, 0.1) or second.has_partitions, bool)
    producer.begin_transaction()
    at = Coordinate.of(record)
    done = [TopicPartition(topic, at.partition, at.offset + 1)]
    with pytest.raises(KafkaException):
        producer.send_offsets_to_transaction(done, first.metadata(), 30)
    for consumer in (first, second):
        consumer.close()
