"""Recorder and notifier may begin a moment before the broker shows their topic."""

from contextlib import closing
from uuid import uuid4

from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from acude.kafka import brokers
from acude.kafka.consumer import GroupConsumer
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
