"""The loop over Kafka: batches, poison records, offsets and shutdown, whatever the strategy does."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from confluent_kafka import KafkaError, KafkaException, Message

from acude.kafka import health
from acude.kafka.consumer import AtLeastOnce, Batch, Runner
from acude.kafka.health import Health
from acude.kafka.producer import BrokerError
from acude.kafka.service import run_in_thread

POISON = b"poison"


def records(*values: bytes) -> list[Message]:
    return [Message(topic="t", partition=number % 2, offset=number, value=one) for number, one in enumerate(values)]


@dataclass
class Log:
    """A source of records in memory; sets `stop` when the last one is taken."""

    rows: list[Message]
    stop: threading.Event
    group: str = "g"
    has_partitions: bool = True
    committed: int = 0
    closed: bool = False
    taken: int = 0

    def take(self, most: int, wait_s: float) -> list[Message]:
        del wait_s
        found = self.rows[self.taken : self.taken + most]
        self.taken += len(found)
        if self.taken == len(self.rows):
            self.stop.set()
        return found

    def commit(self) -> None:
        self.committed = self.taken

    def metadata(self) -> None:
        """No group."""

    def lag(self) -> dict[int, int]:
        return {0: len(self.rows) - self.taken}

    def close(self) -> None:
        self.closed = True


@dataclass
class Letters:
    """Dead letters in memory."""

    log: list[str] = field(default_factory=list)

    def keep(self, record: Message, problem: Exception) -> None:
        self.log.append(f"{(record.value() or b'').decode()}: {type(problem).__name__}")

    def flush(self) -> None:
        self.log.append("flushed")

    def close(self) -> None:
        self.log.append("closed")


@dataclass
class Collect(AtLeastOnce[bytes]):
    """Stores values in a list; fails on poison."""

    stored: list[bytes] = field(default_factory=list)
    refuses: Callable[[], bool] = lambda: False
    closed: bool = False

    batch_size = 3

    def __post_init__(self) -> None:
        self.health = Health()

    def handle(self, records: Sequence[Message]) -> list[bytes]:
        values = [record.value() or b"" for record in records]
        if POISON in values:
            raise ValueError(POISON)
        return values

    def store(self, effects: Sequence[bytes]) -> bool:
        if self.refuses():
            return False
        self.stored += effects
        return True

    def close(self) -> None:
        super().close()
        self.closed = True


def run(strategy: Collect, *values: bytes) -> Log:
    stop = threading.Event()
    source = Log(records(*values), stop)
    Runner(source, strategy, stop).run()
    return source


def test_records_are_stored_in_batches_and_committed_after_they_are_stored() -> None:
    strategy = Collect()
    source = run(strategy, b"a", b"b", b"c", b"d")
    assert strategy.stored == [b"a", b"b", b"c", b"d"]
    assert source.committed == 4


def test_a_poison_record_costs_its_neighbours_nothing() -> None:
    strategy = Collect()
    source = run(strategy, b"a", POISON, b"c", b"d")
    assert strategy.stored == [b"a", b"c", b"d"]
    assert source.committed == 4


def test_a_poison_record_is_counted_and_a_dead_letter_before_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    strategy = Collect()
    strategy.letters = letters = Letters()
    commits: list[list[str]] = []
    monkeypatch.setattr(Log, "commit", lambda _: commits.append([*letters.log]))
    run(strategy, b"a", POISON)
    assert commits == [["poison: ValueError", "flushed"]]
    assert letters.log[-1] == "closed"
    assert strategy.health.registry.get_sample_value("risco_registros_ilegiveis_total") == 1


def test_a_dead_letter_that_is_not_stored_ends_the_consumer_without_a_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Letters) -> None:
        raise ConnectionError

    monkeypatch.setattr(Letters, "flush", fails)
    strategy, stop = Collect(), threading.Event()
    strategy.letters = Letters()
    source = Log(records(POISON), stop)
    with pytest.raises(ConnectionError):
        Runner(source, strategy, stop).run()
    assert source.committed == 0


@pytest.mark.parametrize("together", [True, False])
def test_a_record_is_not_poison_because_memory_is_short(monkeypatch: pytest.MonkeyPatch, *, together: bool) -> None:
    def handle(records: Sequence[Message]) -> list[bytes]:
        raise MemoryError if together or len(records) == 1 else ValueError

    strategy, stop = Collect(), threading.Event()
    strategy.letters = letters = Letters()
    monkeypatch.setattr(strategy, "handle", handle)
    source = Log(records(b"a", b"b"), stop)
    with pytest.raises(MemoryError):
        Runner(source, strategy, stop).run()
    assert (strategy.stored, letters.log, source.committed) == ([], ["closed"], 0)


def test_a_strategy_says_what_follows_from_a_poison_record(monkeypatch: pytest.MonkeyPatch) -> None:
    strategy = Collect()
    monkeypatch.setattr(strategy, "give_up", lambda _, problem: [repr(problem).encode()])
    run(strategy, b"a", POISON)
    assert strategy.stored == [b"a", b"ValueError(b'poison')"]


def test_what_is_not_stored_is_not_committed() -> None:
    strategy = Collect(refuses=lambda: True)
    source = run(strategy, b"a", b"b")
    assert source.committed == 0


def test_a_failure_to_store_ends_the_consumer_without_a_commit_and_in_good_order() -> None:
    def fails() -> bool:
        raise ConnectionError

    strategy, stop = Collect(refuses=fails), threading.Event()
    source = Log(records(b"a"), stop)
    with pytest.raises(ConnectionError):
        Runner(source, strategy, stop).run()
    assert (source.committed, source.closed, strategy.closed) == (0, True, True)


def test_the_batch_in_hand_is_finished_and_the_group_left_when_the_process_is_stopped() -> None:
    strategy = Collect()
    # `stop` is set while the only batch is being taken.
    source = run(strategy, b"a", b"b")
    assert (strategy.stored, source.committed) == ([b"a", b"b"], 2)
    assert (source.closed, strategy.closed) == (True, True)


def test_a_round_shows_readiness_and_lag() -> None:
    strategy = Collect()
    run(strategy, b"a", b"b", b"c", b"d")
    registry = strategy.health.registry
    assert strategy.health.ready
    assert registry.get_sample_value("risco_atraso_registros", {"grupo": "g", "particao": "0"}) == 4


def test_a_batch_goes_on_behind_its_last_record_of_each_partition() -> None:
    batch = Batch(records(b"a", b"b", b"c"), Log([], threading.Event()))
    assert {(one.topic, one.partition): one.offset for one in batch.offsets} == {("t", 0): 3, ("t", 1): 2}


AWAY = [KafkaException(KafkaError(KafkaError._ALL_BROKERS_DOWN)), BrokerError("no broker answers", "start one")]


@pytest.mark.parametrize(("problem", "restarts"), [(ConnectionError(), 1), *((one, 0) for one in AWAY)])
def test_a_consumer_in_a_thread_starts_again_after_a_failure_and_what_is_not_the_brokers_is_counted(
    problem: Exception, restarts: int, caplog: pytest.LogCaptureFixture
) -> None:
    stop, built, service = threading.Event(), list[Collect](), Health()

    def build() -> Runner[bytes]:
        built.append(Collect())
        if len(built) == 1:
            raise problem
        return Runner(Log(records(b"a"), stop), built[-1], stop)

    run_in_thread("test", build, stop, Health(service)).join(30)
    assert [one.stored for one in built] == [[], [b"a"]]
    assert service.registry.get_sample_value("risco_consumidor_reinicios_total") == restarts
    (said,) = [one for one in caplog.records if one.levelno >= logging.WARNING]
    # A broker that is away is a line a second, and no traceback.
    assert bool(said.exc_info) == bool(restarts)


def test_a_consumer_in_a_thread_shows_its_lag_beside_the_services_own() -> None:
    service = Health()
    beside = Health(service)
    service.show(Log(records(b"a"), threading.Event()))
    beside.show(Log(records(b"a", b"b"), threading.Event(), group="other", has_partitions=False))
    shown = {
        group: service.registry.get_sample_value("risco_atraso_registros", {"grupo": group, "particao": "0"})
        for group in ("g", "other")
    }
    assert shown == {"g": 1, "other": 2}
    assert service.ready


def test_a_partition_that_has_moved_away_is_shown_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_LAG_EVERY_S", 0)
    service, source = Health(), Log(records(b"a"), threading.Event())
    service.show(source)
    monkeypatch.setattr(source, "lag", lambda: {3: 7})
    service.show(source)
    found = [
        service.registry.get_sample_value("risco_atraso_registros", {"grupo": "g", "particao": one}) for one in "03"
    ]
    assert found == [None, 7]


def test_a_service_is_alive_while_the_threads_that_it_needs_are() -> None:
    service, over = Health(), threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    service.need(thread)
    assert (service.alive, service.hangs(10)) == (True, False)
    over.set()
    thread.join()
    assert (service.alive, service.hangs(10)) == (False, True)
    service.release()
    assert (service.alive, service.hangs(10)) == (True, False)


def test_a_service_is_alive_while_the_consumers_in_its_threads_are(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Health()
    beside = Health(service)
    assert service.alive
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 30)
    service.beat()
    assert (service.alive, service.hangs(10)) == (False, False)
    monkeypatch.setattr(time, "monotonic", lambda: now + 90)
    service.beat()
    assert service.hangs(10)
    beside.beat()
    assert (service.alive, service.hangs(10)) == (True, False)


class Joining:
    """A consumer that gets its partitions while it is asked for them."""

    group = "g"

    def __init__(self) -> None:
        self.asked = 0

    @property
    def has_partitions(self) -> bool:
        self.asked += 1
        return self.asked > 2

    def lag(self) -> dict[int, int]:
        return {}


def test_a_consumer_that_has_partitions_is_not_asked_for_them_with_every_round() -> None:
    service, source, seen = Health(), Joining(), []
    for _ in range(6):
        service.show(source)
        seen.append(service.ready)
    assert (seen, source.asked) == ([False, False, True, True, True, True], 3)
