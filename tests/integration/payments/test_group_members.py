"""Recorder and notifier may begin a moment before the broker shows their topic."""

from contextlib import closing
from uuid import uuid4

from kafka import KafkaAdminClient, KafkaConsumer
from kafka.admin import NewTopic

from acude import brokers
from acude.local.platform import Platform
from tests.integration.payments.conftest import awaited


def test_a_topic_that_appears_after_its_consumer_is_read(platform: Platform) -> None:
    topic, where = f"teste_{uuid4().hex[:12]}", brokers.kafka_python(platform.config)
    with (
        closing(KafkaConsumer(topic, **brokers.group_member(platform.config, topic))) as consumer,
        closing(KafkaAdminClient(**where)) as admin,
    ):
        # It has joined its group, which has nothing to share out.
        for _ in range(10):
            consumer.poll(timeout_ms=500)
        assert not consumer.assignment()
        admin.create_topics([NewTopic(topic, 1, 1)])
        awaited(lambda: consumer.poll(timeout_ms=300) or consumer.assignment(), bool)
        admin.delete_topics([topic])
