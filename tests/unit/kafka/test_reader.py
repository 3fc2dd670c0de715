"""A bounded read of a topic is whole, or it fails: a part is never taken for all of it."""

import math
import time
from collections.abc import Iterator
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException, Message

from acude.kafka.reader import _records

LATE = 9_000


def record(partition: int, value: bytes, taken_ms: int = 1) -> Message:
    return Message("t", partition, 0, None, value, timestamp=(1, taken_ms))


def end(partition: int, code: int = KafkaError._PARTITION_EOF) -> Message:
    return Message("t", partition, 0, error=KafkaError(code))


class Broker:
    """Each question takes ten seconds; what is not listed is silence."""

    def __init__(self, *answers: list[Message]) -> None:
        self._answers = iter(answers)
        self.now = 0.0

    def consume(self, most: int, wait_s: float) -> list[Message]:
        del most, wait_s
        self.now += 10
        return next(self._answers, [])


def read(
    monkeypatch: pytest.MonkeyPatch, *answers: list[Message], partitions: int = 1, until: float = math.inf
) -> Iterator[bytes | str | None]:
    broker = Broker(*answers)
    monkeypatch.setattr(time, "monotonic", lambda: broker.now)
    return (one.value() for one in _records(cast("Any", broker), partitions, until))


def test_a_broker_that_falls_silent_before_the_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KafkaException) as found:
        list(read(monkeypatch, [record(0, b"a")]))
    assert found.value.args[0].code() == KafkaError._TIMED_OUT


def test_a_topic_that_takes_longer_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [f"{number}".encode() for number in range(9)]
    assert list(read(monkeypatch, *([record(0, one)] for one in values), [end(0)])) == values


def test_news_of_an_ended_partition_do_not_hide_that_another_one_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    news = [[record(0, b"new")] for _ in range(99)]
    with pytest.raises(KafkaException):
        list(read(monkeypatch, [record(0, b"a"), end(0)], *news, partitions=2))


def test_a_partition_ends_with_its_first_record_that_was_taken_later(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [record(0, b"a"), record(0, b"b", LATE), record(0, b"c"), record(1, b"d")], [end(1)]
    assert list(read(monkeypatch, *answers, partitions=2, until=LATE - 1)) == [b"a", b"d"]


def test_what_the_broker_refuses_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KafkaException):
        list(read(monkeypatch, [end(0, KafkaError.TOPIC_AUTHORIZATION_FAILED)]))
