"""What producers of the project's own have taken reaches its topic once, whatever becomes of the broker meanwhile."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from acude.kafka import brokers
from acude.kafka.producer import close, connect
from acude.kafka.topics import ensure_topics
from acude.local.platform import Platform
from acude.settings import Settings
from tests.own_topic import own_topic
from tests.servers import away
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


@pytest.fixture
def producer(platform: Platform) -> Iterator[KafkaProducer]:
    """One as the project's own programs have it."""
    found = connect(platform.config, "acude-teste")
    yield found
    close(found, 5)


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


class Sender(threading.Thread):
    """Sends numbers until it is over."""

    def __init__(self, producer: KafkaProducer, topic: str) -> None:
        super().__init__(daemon=True)
        self.sent: list[tuple[bytes, Any]] = []
        self._producer, self._topic, self._over = producer, topic, threading.Event()

    def run(self) -> None:
        """Sends."""
        while not self._over.wait(0.05):
            value = str(len(self.sent)).encode()
            self.sent.append((value, self._producer.send(self._topic, value, key=value[-1:])))

    def acknowledged(self) -> list[Found]:
        """Ends; returns where what it sent lies, as the broker says, which must take all."""
        self._over.set()
        self.join()
        answers = [(value, answer.get(timeout=120)) for value, answer in self.sent]
        return [(answer.partition, answer.offset, value) for value, answer in answers]


# Longer than kafka-python keeps a record by itself; then it would send nothing any more.
@pytest.mark.parametrize("away_s", [0, pytest.param(150, marks=pytest.mark.soak)])
def test_what_is_sent_while_the_broker_is_away_is_in_its_topic_once(
    platform: Platform, producer: KafkaProducer, topic: str, away_s: int
) -> None:
    sender = Sender(producer, topic)
    sender.start()
    awaited(lambda: sum(answer.is_done for _, answer in sender.sent), lambda answered: answered > 10)
    pid = kill(platform, "kafka")
    if away_s:
        platform.stop("kafka")
        time.sleep(away_s)
        platform.start("kafka")
    else:
        platform.wait_back("kafka", pid)
    acknowledged = sender.acknowledged()
    assert Counter(all_records(platform.config, topic)) == Counter(acknowledged)


def test_what_a_producer_has_left_when_it_is_closed_is_never_sent(platform: Platform, topic: str) -> None:
    producer = connect(platform.config, "acude-teste")
    producer.send(topic, b"before").get(timeout=60)
    with away(platform, "kafka"):
        left = producer.send(topic, b"left")
        close(producer, 1)
    assert left.failed()
    with closing(connect(platform.config, "acude-teste")) as later:
        later.send(topic, b"after").get(timeout=60)
    assert {value for _, _, value in all_records(platform.config, topic)} == {b"before", b"after"}


def test_a_server_that_has_just_died_is_stopped_for_good(platform: Platform) -> None:
    pid = kill(platform, "kafka")
    try:
        # Not by the supervisor: a question lets it start the next one.
        awaited(lambda: psutil.pid_exists(pid), lambda found: not found)
        platform.stop("kafka")
        assert state(platform, "kafka") == "STOPPED"
    finally:
        platform.start("kafka")


def state(platform: Platform, name: str) -> str:
    """As its supervisor calls it."""
    return str(platform._supervisor.info()[name]["statename"])
