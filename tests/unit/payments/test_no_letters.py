"""What lies on `cartas_mortas` and is no dead letter hides no letter."""

import time
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import Message
from kafka.errors import MessageSizeTooLargeError

from acude.kafka.reader import Found
from acude.kafka.records import Coordinate
from acude.payments import deadletters
from acude.payments.deadletters import ORIGINAL, SILENT, UNREADABLE, KafkaLetterBox, Letter, letters_among
from acude.settings import Settings

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
AT_MS = int(AT.timestamp() * 1000)
LETTER = Letter(Coordinate("alertas", 3, 17), SILENT, "503", 9, "t1", AT, b"k", b"{}", (("origem", b"x"),))
JUNK = [b"", b"x", b"null", b"[]", b"{}", b"\xff", LETTER.payload().replace(b"2026-", b"9999-"), b"[" * 60_000]


def found(value: bytes, offset: int = 0) -> Found:
    headers = tuple((name, value if isinstance(value, bytes) else b"") for name, value in LETTER.with_original())
    return Found(Coordinate("cartas_mortas", 0, offset), AT_MS, LETTER.key, value, headers)


@pytest.mark.parametrize("junk", JUNK)
def test_a_record_that_is_no_letter_is_left_out(junk: bytes, caplog: pytest.LogCaptureFixture) -> None:
    records = [found(junk, 0), found(LETTER.payload(), 1), found(junk, 2)]
    assert letters_among(records) == [LETTER]
    assert [record.__dict__["record"] for record in caplog.records] == ["cartas_mortas/0/0", "cartas_mortas/0/2"]


def test_a_letter_that_was_written_twice_is_one() -> None:
    assert letters_among([found(LETTER.payload(), 1), found(LETTER.payload(), 2)]) == [LETTER]
    assert dict(LETTER.with_original())[ORIGINAL] == LETTER.value


class Producer:
    """Takes records up to a size, and remembers the rest of the world's answers."""

    def __init__(self) -> None:
        self.taken: list[Found] = []
        self.acknowledged = 0

    def send(self, topic: str, value: bytes, key: bytes | None, headers: list[tuple[str, bytes]]) -> Any:  # noqa: ANN401
        if len(value) + sum(len(one) for _, one in headers) > 1_000:
            raise MessageSizeTooLargeError
        taken_ms = time.time_ns() // 1_000_000
        self.taken.append(Found(Coordinate(topic, 0, len(self.taken)), taken_ms, key, value, tuple(headers)))

        def get(_: float) -> None:
            self.acknowledged += 1

        return SimpleNamespace(get=get)


@pytest.mark.parametrize(("size", "kept"), [(10, True), (2_000, False)])
def test_a_record_that_is_too_large_for_a_letter_stops_nothing_and_its_letter_says_so(
    monkeypatch: pytest.MonkeyPatch, size: int, kept: bool
) -> None:
    producer, value = Producer(), b"x" * size
    monkeypatch.setattr(deadletters, "connect", lambda *_, **__: producer)
    box = KafkaLetterBox(Settings(), "teste")
    box.keep(Message("decisoes_risco", 1, 7, b"k", value, timestamp=(2, AT_MS)), ValueError(value))
    box.flush()
    (letter,) = letters_among(producer.taken)
    assert producer.acknowledged == 1
    assert (letter.at, letter.reason) == (Coordinate("decisoes_risco", 1, 7), UNREADABLE)
    assert (letter.value, letter.key) == ((value, b"k") if kept else (None, None))
    assert letter.detail == ("ValueError" if kept else "ValueError, too large to be kept here")
