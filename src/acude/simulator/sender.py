"""Sends records to Kafka with kafka-python and keeps the ledger of the answers."""

import gc
import logging
import time
from collections import deque
from collections.abc import Sequence
from decimal import Decimal
from types import TracebackType
from typing import Any, NamedTuple, Self

from kafka import KafkaProducer
from kafka.errors import KafkaError

from acude.kafka.producer import close
from acude.simulator.faults import Kind, Record
from acude.simulator.ledger import Entry, Ledger
from acude.simulator.serde import VERSION

_SLICES_IN_FLIGHT = 8
_ANSWER_WITHIN_S = 150.0
_ALLOCATIONS_A_COLLECTION = 50_000
"""Thousands of sends are under way, and none is garbage: a look through them at every 700 takes a fifth of the time."""

log = logging.getLogger(__name__)


def entry_of(record: Record, topic: str) -> Entry:
    """What the ledger says about a record. Only valid purchases carry money, so that a plain sum is right."""
    event = record.event
    counts = record.kind is Kind.VALID
    money = counts and event.preco is not None and event.quantidade is not None
    return Entry(
        topico=topic,
        tipo=record.kind.value,
        motivo=record.reason,
        id_evento=event.id_evento,
        id_pedido=event.id_pedido,
        id_produto=event.id_produto,
        atrasado=record.late,
        dia=event.momento.date() if record.kind is not Kind.MALFORMED else None,
        valor=(event.preco or Decimal(0)) * (event.quantidade or 0) if money else None,
        moeda=event.moeda if money else None,
    )


class Send(NamedTuple):
    """One send before it is made: what the ledger says of it, and the record without its trace."""

    entry: Entry
    value: bytes
    key: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


def send_of(record: Record, topic: str) -> Send:
    """A shopper's record as it is sent."""
    headers = (("origem", record.event.origem.encode()), ("versao", VERSION.encode()))
    return Send(entry_of(record, topic), record.value, record.key, headers)


class _Slice(NamedTuple):
    """What was sent together: each send's number and answer to come, and until when that is waited for."""

    sent: list[tuple[int, Any]]
    until: float


class Sender:
    """Sends slices of records; each slice stands in the ledger before its first record leaves.

    Several slices are under way at once; `close` waits for the last answers.
    """

    def __init__(self, producer: KafkaProducer, ledger: Ledger) -> None:
        self._producer = producer
        self._ledger = ledger
        self._under_way: deque[_Slice] = deque()
        self._usual = gc.get_threshold()

    def __enter__(self) -> Self:
        gc.set_threshold(_ALLOCATIONS_A_COLLECTION, *self._usual[1:])
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self.close()
        finally:
            gc.set_threshold(*self._usual)

    def send(self, sends: Sequence[Send]) -> None:
        """Send one slice; waits only when too many slices are unanswered."""
        numbers = self._ledger.intend([one.entry for one in sends])
        sent: list[tuple[int, Any]] = []
        for number, one in zip(numbers, sends, strict=True):
            headers = [*one.headers, ("id_rastro", self._ledger.id_of(number).encode())]
            try:
                sent.append((number, self._producer.send(one.entry.topico, one.value, one.key, headers=headers)))
            except KafkaError as problem:
                self._ledger.give_up(number, f"{type(problem).__name__}: {problem}")
        self._under_way.append(_Slice(sent, time.monotonic() + _ANSWER_WITHIN_S))
        while len(self._under_way) > _SLICES_IN_FLIGHT or self._is_answered():
            self._settle()
        self._ledger.roll()

    def close(self) -> None:
        """Wait for the answers that are still to come, then complete the ledger."""
        try:
            while self._under_way:
                self._settle()
        finally:
            close(self._producer, 5)
            self._ledger.close()

    def _is_answered(self) -> bool:
        """Whether the oldest slice has all its answers."""
        return bool(self._under_way) and all(future.is_done for _, future in self._under_way[0].sent)

    def _settle(self) -> None:
        """Note the oldest slice's answers; a broker that is away holds it up once, not once a record."""
        oldest = self._under_way.popleft()
        for number, future in oldest.sent:
            try:
                answer = future.get(timeout=max(0.0, oldest.until - time.monotonic()))
            except KafkaError as problem:
                log.warning("send %s got no answer: %s", self._ledger.id_of(number), problem)
                self._ledger.give_up(number, f"{type(problem).__name__}: {problem}")
            else:
                self._ledger.answer(number, answer.partition, answer.offset)
