"""Recorder and notifier may begin a moment before the broker shows their topic."""

from contextlib import closing
from uuid import uuid4

from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from acude.kafka import brokers
from acude.local.platform import Platform
from acude.payments.member import Member
from tests.waiting import awaited


def test_a_topic_that_appears_after_its_reader_is_read(platform: Platform) -> None:
    topic = f"teste_{uuid4().hex[:12]}"
    with closing(KafkaAdminClient(**brokers.kafka_python(platform.config))) as admin:
        member = Member(platform.config, topic, topic)
        # It has joined its group, which has nothing to share out.
        for _ in range(10):
            assert member.take(1, 0.5) == []
        assert not member.has_partitions
        admin.create_topics([NewTopic(topic, 1, 1)])
        awaited(lambda: member.take(1, 0.3) or member.has_partitions, bool)
        member.close()
        admin.delete_topics([topic])
