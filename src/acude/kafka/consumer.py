"""The one loop over Kafka: a runner polls, hands batches to a strategy, and shuts down in good order.

The runner owns polling, the batch size, poison records, offsets, heartbeat, lag and shutdown. A strategy owns the
meaning: what follows from a record, and how that is stored: at least once (`AtLeastOnce`), or in one Kafka transaction
with the offsets (`acude.kafka.transaction.Transactional`).

A rebalance happens while records are taken, never while a batch is handled. Where it comes between the first record of
a batch and the others, the broker refuses the batch's transaction, and its records are taken again by their new owner.
"""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from acude.kafka import brokers
from acude.kafka.health import Health, Post
from acude.kafka.records import Coordinate
from acude.settings import Settings

log = logging.getLogger(__name__)
RDKAFKA: Final = logging.getLogger("rdkafka")

_SESSION_MS: Final = 10_000
"""The group excludes a consumer that is silent for this long, and gives its partitions to the others."""

Effect = TypeVar("Effect")


class Source(Protocol):
    """Where a runner takes its records from."""

    group: str

    def take(self, most: int, wait_s: float) -> list[Message]:
        """The records that are there, `most` at most; waits for the first one only."""

    def commit(self) -> None:
        """Stores that everything taken so far is done."""

    def metadata(self) -> Any:  # noqa: ANN401 - librdkafka's own
        """The group's metadata, with which a transaction commits the group's offsets."""

    @property
    def has_partitions(self) -> bool:
        """Whether any partition is assigned."""

    def lag(self) -> Mapping[int, int]:
        """Records behind the newest, by partition."""

    def close(self) -> None:
        """Leaves the group; commits nothing."""


class GroupConsumer:
    """A consumer in a group. It joins at once, and reads from the beginning where the group has no offsets.

    Args:
        config: where the broker is.
        group: the group's name.
        topic: what it reads.
        gather_ms: how long records may wait for others.
        properties: of librdkafka, in the place of the defaults.
    """

    def __init__(self, config: Settings, group: str, topic: str, *, gather_ms: int = 200, **properties: object) -> None:
        own = {name.replace("_", "."): value for name, value in properties.items()}
        self._consumer = Consumer(
            {
                **brokers.librdkafka(config),
                "group.id": group,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "session.timeout.ms": _SESSION_MS,
                **brokers.gathering(gather_ms),
                **own,
            },
            logger=RDKAFKA,
        )
        self._consumer.subscribe([topic])
        self.group = group
        self._generation: Any = None

    def take(self, most: int, wait_s: float) -> list[Message]:
        """The records that are there, `most` at most; waits for the first one only."""

        def note() -> None:
            self._generation = self._consumer.consumer_group_metadata()

        return polled(self._consumer, most, wait_s, note)

    def commit(self) -> None:
        """Commits everything taken. What the broker does not learn is read again after the next assignment."""
        try:
            self._consumer.commit(asynchronous=False)
        except KafkaException as problem:
            log.warning("not committed", extra={"answer": str(problem)})

    def metadata(self) -> Any:  # noqa: ANN401 - librdkafka's own
        """The group's metadata as it was when the last records were taken.

        Where partitions have moved since, the broker refuses the transaction: their next owner has begun before it.
        """
        return self._generation

    @property
    def has_partitions(self) -> bool:
        """Whether any partition is assigned."""
        return bool(self._consumer.assignment())

    def lag(self) -> dict[int, int]:
        """Records behind the newest by partition, as far as the client knows; the broker is not asked."""
        places = self._consumer.position(self._consumer.assignment())
        ends = {one.partition: self._consumer.get_watermark_offsets(one, cached=True)[1] for one in places}
        return {
            one.partition: ends[one.partition] - one.offset
            for one in places
            if min(one.offset, ends[one.partition]) >= 0
        }

    def close(self) -> None:
        """Leaves the group; commits nothing."""
        self._consumer.close()


def polled(consumer: Consumer, most: int, wait_s: float, at_first: Callable[[], None] = lambda: None) -> list[Message]:
    """The records that are there, `most` at most; waits for the first one only. The broker's errors are logged.

    Args:
        consumer: assigned or subscribed.
        most: of records.
        wait_s: for the first.
        at_first: called when there is a first one, before the others are taken.
    """
    first = consumer.poll(wait_s)
    if first is None:
        return []
    at_first()
    # An answer's records reach the consumer partition by partition.
    found = [first, *consumer.consume(most - 1, 0.002)]
    for record in found:
        if problem := record.error():
            log.warning("the broker reports an error", extra={"answer": problem.str()})
    return [record for record in found if not record.error()]


class Batch(NamedTuple):
    """The records of one round, in the order in which they were taken, and where they were taken from."""

    records: Sequence[Message]
    source: Source

    @property
    def offsets(self) -> list[TopicPartition]:
        """Where each partition goes on after this batch."""
        ends = {(at.topic, at.partition): at.offset + 1 for at in map(Coordinate.of, self.records)}
        return [TopicPartition(*place, end) for place, end in ends.items()]


class LetterBox(Protocol):
    """Where records go that a consumer can't process: dead letters, with their bytes."""

    def keep(self, record: Message, problem: Exception) -> None:
        """Takes a record; `flush` waits for it. The same record twice is one letter."""

    def flush(self) -> None:
        """Returns when everything taken is stored; raises where that fails."""

    def close(self) -> None:
        """Closes the connections."""


class Strategy(ABC, Generic[Effect]):
    """What a consumer does with its batches.

    Attributes:
        health: the heartbeat and metrics that the runner keeps.
        batch_size: the most records of a batch.
        wait_s: how long a round waits for its first record.
        hangs_after_s: a batch that takes longer hangs, and the process ends; something restarts it.
        posts: what the service's port accepts beside health and metrics, by path.
        letters: where poison records go; None: they are counted, and a consumer of the same topic keeps them.
    """

    health: Health
    batch_size: int
    wait_s: float = 0.5
    hangs_after_s: float = 60.0
    posts: Mapping[str, Post] = {}
    letters: LetterBox | None = None

    @abstractmethod
    def handle(self, records: Sequence[Message]) -> Sequence[Effect]:
        """What follows from the records, in their order.

        A record that makes it raise is poison. The runner then hands over each record of the batch by itself, so two
        calls for a record must have the effect of one.
        """

    def give_up(self, record: Message, problem: Exception) -> Sequence[Effect]:
        """What follows from a record on which `handle` fails alone; by default it is counted, and a dead letter."""
        self.health.unreadable.inc()
        if self.letters:
            self.letters.keep(record, problem)
        return []

    @abstractmethod
    def finish(self, effects: Sequence[Effect], batch: Batch) -> None:
        """Stores the effects and commits the offsets."""

    def start(self) -> None:
        """Called once, before the first round."""

    def idle(self) -> None:
        """Called after a round without records."""

    def close(self) -> None:
        """Called once, after the consumer has left its group."""


class AtLeastOnce(Strategy[Effect]):
    """Stores first and commits afterwards: a process that dies in between stores the batch a second time."""

    @abstractmethod
    def store(self, effects: Sequence[Effect]) -> bool:
        """Stores the effects; twice must do no harm. False: stopped in between, so nothing is committed."""

    def finish(self, effects: Sequence[Effect], batch: Batch) -> None:
        """Stores the effects and the dead letters, and commits the offsets."""
        if self.store(effects):
            if self.letters:
                self.letters.flush()
            batch.source.commit()

    def close(self) -> None:
        """Closes the connections of the dead letters."""
        if self.letters:
            self.letters.close()


class Runner(Generic[Effect]):
    """Runs one strategy over one source until `stop` is set.

    Args:
        source: where the records come from.
        strategy: what is done with them.
        stop: ends the loop after the batch in hand.
    """

    def __init__(self, source: Source, strategy: Strategy[Effect], stop: threading.Event) -> None:
        self._source = source
        self._stop = stop
        self.strategy = strategy

    def run(self) -> None:
        """Consume. On the way out the batch in hand is finished, the group is left, and the strategy is closed.

        Raises:
            Exception: whatever storing a batch raised. Its offsets are not committed.
        """
        try:
            self.strategy.start()
            while not self._stop.is_set():
                self._round()
        finally:
            self._source.close()
            self.strategy.close()

    def _round(self) -> None:
        health, strategy = self.strategy.health, self.strategy
        health.beat()
        health.show(self._source)
        records = self._source.take(strategy.batch_size, strategy.wait_s)
        if not records:
            strategy.idle()
            return
        timed: AbstractContextManager[object] = health.batch.time() if health.batch else nullcontext()
        with timed:
            strategy.finish(per_record_fallback(strategy, records), Batch(records, self._source))


def per_record_fallback(strategy: Strategy[Effect], records: Sequence[Message]) -> Sequence[Effect]:
    """The effects of a batch. Where it fails, its records are handled one by one: a poison record costs only itself.

    Raises:
        MemoryError: it lies in no record. Nothing is given up, and the process that starts next takes them again.
    """
    try:
        return strategy.handle(records)
    except MemoryError:
        raise
    except Exception:
        log.exception("the batch failed; its records are handled one by one")
    effects: list[Effect] = []
    for record in records:
        try:
            effects += strategy.handle([record])
        except MemoryError:
            raise
        except Exception as problem:
            log.exception("the record failed alone", extra={"record": str(Coordinate.of(record))})
            effects += strategy.give_up(record, problem)
    return effects
