"""What integration tests share: a Kafka topic of a test's own, read back with a plain consumer."""

import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import NewTopic

from acude.kafka import brokers
from acude.local.platform import Platform


@pytest.fixture
def topic(platform: Platform) -> Iterator[str]:
    """A new topic of four partitions that goes away afterwards; the platform's streams don't read it."""
    name = f"teste_{uuid.uuid4().hex[:12]}"
    admin = KafkaAdminClient(**brokers.kafka_python(platform.config))
    admin.create_topics([NewTopic(name, 4, 1)])
    yield name
    admin.delete_topics([name])
    admin.close()


@pytest.fixture
def records_in(platform: Platform) -> Callable[[str], list[Any]]:
    """Reads all records of a topic, from each partition's beginning to its present end."""
    return partial(read_to_the_end, platform)


def read_to_the_end(platform: Platform, topic: str) -> list[Any]:
    """All records that a topic has now, however long the broker takes."""
    consumer = KafkaConsumer(
        **brokers.kafka_python(platform.config),
        enable_auto_commit=False,
        max_partition_fetch_bytes=4_000_000,
    )
    partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
    consumer.assign(partitions)
    ends = consumer.end_offsets(partitions)
    consumer.seek_to_beginning(*partitions)
    found: list[Any] = []
    while any(consumer.position(partition) < ends[partition] for partition in partitions):
        for records in consumer.poll(timeout_ms=500).values():
            found += records
    consumer.close()
    return found
