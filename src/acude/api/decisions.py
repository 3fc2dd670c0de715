"""The decisions as they are made, for those who wait at the door."""

import asyncio
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import orjson
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from acude.kafka import brokers
from acude.payments.wire import DECISIONS
from acude.settings import Settings

log = logging.getLogger(__name__)

_MOST_RECENT: Final = 50_000
_ASK_EVERY_S: Final = 1.0
_SILENCE_S: Final = 5.0
_PATIENCE_S: Final = 2.0
_LOOK_S: Final = 0.2
_AT_ONCE: Final = 500
_IN_VAIN: Final = 10
Answer = dict[str, Any]


@dataclass
class _Wait:
    """Who waits for one payment's decision, and since when (monotonic seconds)."""

    since: float
    futures: list[asyncio.Future[Answer]] = field(default_factory=list)


class Decisions:
    """Follows topic `decisoes_risco` in a thread of its own, keeps the newest, and wakes whoever waits for one.

    Args:
        config: where the broker is.
        loop: the event loop of those who wait.
    """

    def __init__(self, config: Settings, loop: asyncio.AbstractEventLoop) -> None:
        self._config = config
        self._loop = loop
        self._recent: OrderedDict[str, Answer] = OrderedDict()
        self._waiting: dict[str, _Wait] = {}
        self._stop = threading.Event()
        self._following = threading.Event()
        self._heard = 0.0
        self._thread = threading.Thread(target=self._follow, name="decisions", daemon=True)

    def start(self) -> None:
        """Begins to follow; returns when nothing can be missed any more."""
        self._thread.start()
        self._following.wait()

    def stop(self) -> None:
        """Ends the thread."""
        self._stop.set()
        self._thread.join(timeout=5)

    @property
    def is_following(self) -> bool:
        """Whether the broker was heard of a moment ago."""
        return time.monotonic() - self._heard < _SILENCE_S

    @property
    def waiting(self) -> int:
        """How many payments are waited for."""
        return len(self._waiting)

    def is_behind(self, longest_s: float) -> bool:
        """Whether one more payment would hardly be decided in time.

        Args:
            longest_s: time that a few may wait for longer, and more may not.
        """
        # In the order in which they began. A few wait in vain: theirs is a payment that was decided before.
        later = next(islice(self._waiting.values(), _IN_VAIN, None), None)
        return later is not None and time.monotonic() - later.since > longest_s

    def recent(self, id_transacao: str) -> Answer | None:
        """A decision that was made a moment ago."""
        return self._recent.get(id_transacao)

    async def wait(self, id_transacao: str, timeout_s: float, send: Callable[[], None]) -> Answer | None:
        """Sends the payment, and waits for its decision; None where it is not there in time."""
        future: asyncio.Future[Answer] = self._loop.create_future()
        self._waiting.setdefault(id_transacao, _Wait(time.monotonic())).futures.append(future)
        try:
            send()
            return await asyncio.wait_for(future, timeout_s)
        except TimeoutError:
            return None
        finally:
            waiting = self._waiting[id_transacao]
            waiting.futures.remove(future)
            if not waiting.futures:
                del self._waiting[id_transacao]

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                self._read()
            except KafkaException as problem:
                log.warning("decisions can't be followed now", extra={"kind": type(problem).__name__})
                self._stop.wait(1)

    def _read(self) -> None:
        consumer = Consumer(
            {
                **brokers.librdkafka(self._config),
                # Nobody joins it: each door reads everything, and nothing is committed.
                "group.id": "risco-porta",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "auto.offset.reset": "latest",
                "fetch.wait.max.ms": 100,
                "log_level": 2,
            }
        )
        try:
            ends = _ends(consumer)
            consumer.assign(ends)
            self._heard = time.monotonic()
            self._following.set()
            while not self._stop.is_set():
                answers = self._next(consumer)
                if answers:
                    self._loop.call_soon_threadsafe(self._tell, answers)
                self._look_after(consumer, ends[0], heard=bool(answers))
        finally:
            consumer.close()

    def _next(self, consumer: Consumer) -> list[Answer]:
        """What is there; waits a moment for the first record only."""
        first = consumer.poll(_LOOK_S)
        if first is None:
            return []
        found = [first, *consumer.consume(_AT_ONCE, 0)]
        return [orjson.loads(record.value() or b"{}") for record in found if not record.error()]

    def _look_after(self, consumer: Consumer, partition: TopicPartition, *, heard: bool) -> None:
        """A silent broker and one with nothing to say look alike to `poll`, so it is asked once a second."""
        if not heard and time.monotonic() - self._heard > _ASK_EVERY_S:
            with suppress(KafkaException):
                consumer.get_watermark_offsets(partition, timeout=_ASK_EVERY_S, cached=False)
                heard = True
        if heard:
            self._heard = time.monotonic()

    def _tell(self, answers: list[Answer]) -> None:
        for answer in answers:
            id_transacao = answer["id_transacao"]
            self._recent[id_transacao] = answer
            waiting = self._waiting.get(id_transacao)
            for future in waiting.futures if waiting else ():
                if not future.done():
                    future.set_result(answer)
        while len(self._recent) > _MOST_RECENT:
            self._recent.popitem(last=False)


def _ends(consumer: Consumer) -> list[TopicPartition]:
    """The topic's partitions, each at its present end: what is decided from now on can't be missed."""
    found = consumer.list_topics(DECISIONS, timeout=_PATIENCE_S).topics[DECISIONS]
    if found.error or not found.partitions:
        raise KafkaException(found.error or KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
    partitions = [TopicPartition(DECISIONS, number) for number in found.partitions]
    return [
        TopicPartition(DECISIONS, one.partition, consumer.get_watermark_offsets(one, timeout=_PATIENCE_S)[1])
        for one in partitions
    ]
