"""Records of any bytes, as Kafka's client hands them out. Python's producers refuse header names that are no UTF-8.

librdkafka brings a small broker of its own; its C functions write the records.
"""

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import confluent_kafka
from confluent_kafka import Consumer, Message, Producer, TopicPartition

from acude.kafka.consumer import polled

TOPIC: Final = "transacoes"

_TOPIC, _PARTITION, _VALUE, _KEY, _FLAGS, _HEADER, _END = 1, 3, 4, 5, 7, 9, 0
_COPY: Final = 2


class Raw(NamedTuple):
    """A record; a name of a header holds any byte but NUL."""

    value: bytes | None
    key: bytes | None = None
    headers: Sequence[tuple[bytes, bytes | None]] = ()


def taken(records: Sequence[Raw]) -> list[Message]:
    """The records, once they have gone through a broker."""
    broker = Producer({"bootstrap.servers": "none", "test.mock.num.brokers": 1, "log_level": 0})
    address = ",".join(f"{one.host}:{one.port}" for one in broker.list_topics(timeout=30).brokers.values())
    _send(address, records)
    consumer = Consumer({"bootstrap.servers": address, "group.id": "g", "log_level": 0})
    consumer.assign([TopicPartition(TOPIC, 0, 0)])
    found: list[Message] = []
    while len(found) < len(records):
        found += polled(consumer, len(records), 30)
    consumer.close()
    return found


def _send(address: str, records: Sequence[Raw]) -> None:
    library = _librdkafka()
    conf, said = library.rd_kafka_conf_new(), ctypes.create_string_buffer(512)
    for option, text in ((b"bootstrap.servers", address.encode()), (b"log_level", b"0")):
        assert not library.rd_kafka_conf_set(ctypes.c_void_p(conf), option, text, said, 512), said.value
    producer = ctypes.c_void_p(library.rd_kafka_new(0, ctypes.c_void_p(conf), said, 512))
    for record in records:
        arguments = [_TOPIC, ctypes.c_char_p(TOPIC.encode()), _PARTITION, 0, _FLAGS, _COPY]
        arguments += [_VALUE, *_sized(record.value), _KEY, *_sized(record.key)]
        for name, value in record.headers:
            arguments += [_HEADER, ctypes.c_char_p(name), *_sized(value)]
        assert not library.rd_kafka_producev(producer, *arguments, _END)
    assert not library.rd_kafka_flush(producer, 30_000)
    library.rd_kafka_destroy(producer)


def _sized(value: bytes | None) -> "tuple[ctypes.c_char_p, ctypes.c_size_t]":
    return ctypes.c_char_p(value), ctypes.c_size_t(len(value or b""))


def _librdkafka() -> ctypes.CDLL:
    """The library that the client for Python is linked with."""
    (path,) = Path(confluent_kafka.__file__).parent.with_suffix(".libs").glob("librdkafka*")
    library = ctypes.CDLL(str(path))
    library.rd_kafka_conf_new.restype = library.rd_kafka_new.restype = ctypes.c_void_p
    return library
