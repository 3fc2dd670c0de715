"""What every reader needs of a record: its coordinate and its headers."""

import gc
import re
from contextlib import suppress
from operator import methodcaller
from typing import Final, NamedTuple

from confluent_kafka import Message

TOPIC_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")
_WRITTEN = re.compile(rf"({TOPIC_NAME.pattern})/(\d{{1,10}})/(\d{{1,19}})")

ARRIVAL: Final = ("carimbo_kafka", "topico", "particao", "deslocamento")
"""The order in which records arrived: the broker's time, then topic, partition and offset. By it the lake, its rebuild,
the payment workers and their replay tell which of several is the first."""

_headers = methodcaller("headers")
"""Calls with a check for errors, which Python leaves out of a call that it has seen often."""


class Coordinate(NamedTuple):
    """Where a record lies on the broker."""

    topic: str
    partition: int
    offset: int

    @classmethod
    def of(cls, record: Message) -> "Coordinate":
        """The coordinate of a record."""
        return cls(record.topic() or "", record.partition() or 0, record.offset() or 0)

    @classmethod
    def parse(cls, text: str, example: str = "eventos_clientes/3/128") -> "Coordinate":
        """Reads what `str` writes; a refusal names the example.

        >>> Coordinate.parse("transacoes/3/17")
        Coordinate(topic='transacoes', partition=3, offset=17)

        Raises:
            ValueError: says what is expected.
        """
        found = _WRITTEN.fullmatch(text)
        if not found:
            raise ValueError(f"expected topic/partition/offset, for example {example}; found {text!r}")
        return cls(found[1], int(found[2]), int(found[3]))

    @property
    def columns(self) -> dict[str, str | int]:
        """As the lake's tables name it."""
        return {"topico": self.topic, "particao": self.partition, "deslocamento": self.offset}

    def __str__(self) -> str:
        """As it is stored: `transacoes/3/17`."""
        return f"{self.topic}/{self.partition}/{self.offset}"


def headers_of(record: Message) -> list[tuple[str, bytes]]:
    """The headers of a record, in their order, but for those whose name is no UTF-8."""
    # For such a name confluent-kafka 2.16 sets an error, returns nevertheless, and leaves a hole in its pair. Who reads
    # the hole ends the process; the garbage collector passes over it.
    with suppress(SystemError, UnicodeDecodeError):
        _headers(record)
    found = record.headers() or []
    pairs = found.items() if isinstance(found, dict) else found
    whole = [pair for pair in pairs if len(gc.get_referents(pair)) == len(pair)]
    return [(name, value.encode() if isinstance(value, str) else value or b"") for name, value in whole]


def encoded(value: str | bytes | None) -> bytes | None:
    """A key or value as bytes; the client's types allow text."""
    return value.encode() if isinstance(value, str) else value
