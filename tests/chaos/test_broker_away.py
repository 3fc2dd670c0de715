"""What producers of the project's own have taken reaches its topic once, whatever becomes of the broker meanwhile."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from acude.kafka import brokers
from acude.kafka.producer import connect
from acude.kafka.topics import ensure_topics
from acude.local.platform import Platform
from acude.settings import Settings
from tests.own_topic import own_topic
from tests.waiting import awaited

Found = tuple[int, int, bytes]
"""A record: partition, offset, value."""


@pytest.fixture
def topic(platform: Platform, tmp_path: Path) -> str:
    """A topic of the test's own."""
    folder = tmp_path / "contracts"
    name = own_topic(folder)
    ensure_topics(platform.config.model_copy(update={"contracts": folder}))
    return name


def kill(platform: Platform, name: str) -> int:
    """Kills a server; returns its process."""
    pid = platform.pid(name)
    assert pid
    os.kill(pid, signal.SIGKILL)
    return pid


def all_records(config: Settings, topic: str) -> Iterator[Found]:
    """What a topic holds, and where."""
    options = {**brokers.kafka_python(config), "auto_offset_reset": "earliest", "enable_auto_commit": False}
    with closing(KafkaConsumer(**options)) as consumer:
        places = [TopicPartition(topic, one) for one in consumer.partitions_for_topic(topic) or ()]
        ends = consumer.end_offsets(places)
        consumer.assign(places)
        while any(consumer.position(place) < ends[place] for place in places):
            for records in consumer.poll(1_000).values():
                yield from ((record.partition, record.offset, record.value) for record in records)


def keep_sending(producer: KafkaProducer, topic: str, over: threading.Event) -> list[Found]:
    """Sends numbers until it is over; returns where they lie as the broker says, which must take all."""
    sent: list[tuple[bytes, Any]] = []
    while not over.wait(0.05):
        value = str(len(sent)).encode()
        sent.append((value, producer.send(topic, value, key=value[-1:])))
    answers = [(value, answer.get(timeout=120)) for value, answer in sent]
    return [(answer.partition, answer.offset, value) for value, answer in answers]


# Longer than kafka-python keeps a record by itself; then it would send nothing any more.
@pytest.mark.parametrize("away_s", [0, pytest.param(150, marks=pytest.mark.soak)])
def test_what_is_sent_while_the_broker_is_away_is_in_its_topic_once(
    platform: Platform, topic: str, away_s: int
) -> None:
    over = threading.Event()
    with closing(connect(platform.config, "acude-teste")) as producer, ThreadPoolExecutor(1) as pool:
        sending = pool.submit(keep_sending, producer, topic, over)
        try:
            awaited(lambda: producer.metrics()["producer-metrics"]["record-send-total"], lambda sent: sent > 10)
            pid = kill(platform, "kafka")
            if away_s:
                platform.stop("kafka")
                time.sleep(away_s)
                platform.start("kafka")
            else:
                platform.wait_back("kafka", pid)
        finally:
            over.set()
        acknowledged = sending.result(timeout=300)
        assert Counter(all_records(platform.config, topic)) == Counter(acknowledged)


def test_a_server_that_has_just_died_is_stopped_for_good(platform: Platform) -> None:
    kill(platform, "kafka")
    try:
        awaited(lambda: state(platform, "kafka"), lambda found: found == "EXITED")
        platform.stop("kafka")
        assert state(platform, "kafka") == "STOPPED"
    finally:
        platform.start("kafka")


def state(platform: Platform, name: str) -> str:
    """As its supervisor calls it."""
    return str(platform._supervisor.info()[name]["statename"])
