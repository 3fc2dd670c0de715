"""The payments' processes, each with records whose keys and headers are anything: effects or dead letters, no more."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final
from unittest import mock

from confluent_kafka import Message

from acude.contracts.fields import Refused
from acude.contracts.model import table
from acude.kafka.consumer import AtLeastOnce
from acude.kafka.health import Health
from acude.kafka.reader import Found, _found
from acude.kafka.records import Coordinate, encoded, headers_of
from acude.payments import deadletters, disputes, recorder
from acude.payments.deadletters import ORIGINAL, UNFIT, KafkaLetterBox, Letter, letters_among
from acude.payments.disputes import Disputes
from acude.payments.notifier import Notifier
from acude.payments.recorder import Recorder
from acude.payments.serde import ALERTS, DECISIONS, TOPIC, PaymentReader, trace_of
from acude.payments.trace_ids import ID
from acude.settings import Settings


class Post:
    """The producer of dead letters; what it sends can be read."""

    def __init__(self) -> None:
        self._sent: list[Found] = []

    def send(self, topic: str, value: bytes, key: bytes | None, headers: list[tuple[str, bytes]]) -> "Post":
        assert topic == deadletters.TOPIC
        self._sent.append(Found(Coordinate(topic, 0, 0), int(time.time() * 1_000), key, value, tuple(headers)))
        return self

    def read(self) -> list[Letter]:
        """The letters since the last call."""
        found = [letter for one in self._sent for letter in letters_among([one])]
        assert len(found) == len(self._sent), "a letter that nobody can read"
        self._sent.clear()
        return found


def payments(records: Sequence[Message]) -> None:
    """The workers' reader takes each record, and gives it a trace id."""
    reader = PaymentReader(table(f"topics.{TOPIC}"))
    for _ in range(2):
        arrivals, refused = reader.read(records)
        assert len(arrivals) + len(refused) == len(records)
        assert all(ID.fullmatch(one.trace) and ID.fullmatch(one.payment.id_cliente or "-") for one in arrivals)


def letters(records: Sequence[Message]) -> None:
    """Who reads dead letters finds a letter or nothing; its original is as the record has it."""
    for found in map(_found, records):
        for letter in letters_among([found]):
            assert letter.key == found.key
            assert letter.headers == tuple(pair for pair in found.headers if pair[0] != ORIGINAL)


Make = Callable[[KafkaLetterBox], AtLeastOnce[Any]]


def consumer(make: Make) -> Callable[[Sequence[Message]], None]:
    """A check of a consumer that keeps what it can't read."""

    def check(records: Sequence[Message]) -> None:
        post = Post()
        with mock.patch.object(deadletters, "connect", return_value=post):
            box = KafkaLetterBox(Settings(), "fuzz")
        strategy = make(box)
        for record in records:
            effects = _taken(strategy, record)
            kept = post.read()
            assert len(effects) + len(kept) == 1
            # What was read may be given up later.
            if effects:
                box.put(record, UNFIT, "DataError")
                kept = post.read()
            _assert_kept(kept, record)

    return check


def _taken(strategy: AtLeastOnce[Any], record: Message) -> Sequence[Any]:
    """As the runner hands records over one by one."""
    try:
        return strategy.handle([record])
    except Refused as problem:
        return strategy.give_up(record, problem)


def _assert_kept(kept: Sequence[Letter], record: Message) -> None:
    """The letter has the record as it came, and a trace id."""
    (letter,) = kept
    assert (letter.key, letter.value) == (encoded(record.key()), encoded(record.value()) or b"")
    assert list(letter.headers) == [pair for pair in headers_of(record) if pair[0] != ORIGINAL]
    assert letter.trace == trace_of(record)
    assert ID.fullmatch(letter.trace)


def _recorder(box: KafkaLetterBox) -> Recorder:
    with mock.patch.object(recorder, "Store"):
        return Recorder(Settings(), threading.Event(), box)


READERS: Final = {
    TOPIC: payments,
    DECISIONS: consumer(_recorder),
    ALERTS: consumer(lambda box: Notifier(Settings(webhook_url=""), threading.Event(), box)),
    disputes.TOPIC: consumer(lambda box: Disputes(mock.Mock(), threading.Event(), Health(), box)),
    deadletters.TOPIC: letters,
}
"""By topic; each takes records of that topic."""
