"""What a killed broker forgot to end is ended as its coordinator says, and nothing else is."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import AbortTransactionSpec, TransactionState
from kafka.errors import (
    ClusterAuthorizationFailedError,
    CoordinatorLoadInProgressError,
    TransactionalIdNotFoundError,
    UnsupportedVersionError,
)
from kafka.structs import TopicPartition as Place

from acude.kafka import forgotten
from acude.settings import Settings

ME, ANOTHER = 7, 8
BEGUN = 1_000
OPEN, ENDED, OTHERS, OLDER = (Place(*name) for name in (("d", 0), ("d", 1), ("a", 0), ("a", 1)))


class Row:
    """A producer as a partition knows it."""

    def __init__(self, producer_id: int, start: int, last: int = BEGUN) -> None:
        self.producer_id, self.producer_epoch, self.coordinator_epoch = producer_id, 3, 70
        self.current_transaction_start_offset, self.last_timestamp = start, last


class Known:
    """A transaction as its coordinator knows it, or the partitions' producers."""

    def __init__(self, **known: Any) -> None:  # noqa: ANN401 - whatever is known
        self.__dict__.update(known)


class Broker:
    """Answers of a broker, in their order, and the ends that were written to it."""

    answers: list[Any]
    written: list[tuple[TopicPartition, bool]]

    def __init__(self, **_: object) -> None: ...

    def close(self) -> None: ...

    def describe_transactions(self, names: list[str]) -> dict[str, Any]:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return {names[0]: Known(state=answer, producer_id=ME, transaction_start_time_ms=BEGUN)}

    def describe_producers(self, places: list[TopicPartition]) -> dict[TopicPartition, Any]:
        rows = {
            OPEN: [Row(ME, 5), Row(ANOTHER, -1)],
            ENDED: [Row(ME, -1)],
            OTHERS: [Row(ANOTHER, 5)],
            OLDER: [Row(ME, 5, BEGUN - 1)],
        }
        return {place: Known(active_producers=rows[place]) for place in places}

    def abort_transaction(self, spec: AbortTransactionSpec) -> None:
        self.written.append((spec.topic_partition, False))


class Committing(Broker):
    def commit_transaction(self, spec: AbortTransactionSpec) -> None:
        self.written.append((spec.topic_partition, True))


@pytest.mark.parametrize(
    ("answers", "ends"),
    [
        ([TransactionState.COMPLETE_COMMIT], [(OPEN, True)]),
        ([TransactionState.COMPLETE_ABORT], [(OPEN, False)]),
        ([CoordinatorLoadInProgressError(), TransactionState.COMPLETE_COMMIT], [(OPEN, True)]),
        ([TransactionState.PREPARE_ABORT, TransactionState.COMPLETE_ABORT], [(OPEN, False)]),
        ([TransactionState.ONGOING], []),
        ([TransactionalIdNotFoundError()], []),
        ([ClusterAuthorizationFailedError()], []),
        ([UnsupportedVersionError()], []),
    ],
)  # fmt: skip
def test_what_is_open_is_ended_as_the_coordinator_says(
    answers: list[Any], ends: list[tuple[TopicPartition, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgotten, "KafkaAdminClient", Broker)
    monkeypatch.setattr(forgotten, "_Committing", Committing)
    Broker.answers, Broker.written = list(answers), []
    found = forgotten.end_what_was_forgotten(Settings(), "risco-host-1", [OPEN, ENDED, OTHERS, OLDER])
    assert (found, Broker.written) == ([place for place, _ in ends], ends)
    assert Broker.answers == []


class Sent:
    """The way to a broker: runs what is asked of it, and keeps the requests."""

    def __init__(self) -> None:
        self.requests: list[Any] = []

    def run(self, asked: Callable[..., Coroutine[Any, Any, None]], *given: object) -> None:
        asyncio.run(asked(*given))

    async def send(self, request: Any, node_id: int) -> Any:  # noqa: ANN401 - the library's own
        self.requests.append((node_id, request))
        return Known(markers=[])


def committing() -> tuple[Any, Sent]:
    client, sent = forgotten._Committing.__new__(forgotten._Committing), Sent()
    client._manager = sent

    async def leaders(places: list[TopicPartition]) -> dict[int, set[TopicPartition]]:
        return {5: set(places)}

    client._async_get_leader_for_partitions = leaders
    return client, sent


async def aborts(self: Any, spec: AbortTransactionSpec) -> None:  # noqa: ANN401 - the library's own
    """A later version of the library, with other names inside."""
    await self._manager.send(KafkaAdminClient._abort_transaction_request(spec), 5)


def test_a_commit_is_no_abort_whatever_the_library_calls_its_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    client, sent = committing()
    monkeypatch.setattr(forgotten, "_Committing", lambda **_: client)
    monkeypatch.setattr(client, "close", lambda: None)
    monkeypatch.setattr(KafkaAdminClient, "_async_abort_transaction", aborts)
    forgotten._end(Settings(), [AbortTransactionSpec(OPEN, ME, 3, 70)], committed=True)
    ((leader, request),) = sent.requests
    (marker,) = request.markers
    (topic,) = marker.topics
    assert (leader, marker.transaction_result) == (5, True)
    assert (marker.producer_id, marker.producer_epoch, marker.coordinator_epoch) == (ME, 3, 70)
    assert (topic.name, topic.partition_indexes) == ("d", [0])


@pytest.mark.parametrize("hook", ["_abort_transaction_process_response", "_async_get_leader_for_partitions"])
def test_nothing_is_sent_where_the_library_lacks_what_a_commit_needs(
    hook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, sent = committing()
    client.__dict__.pop(hook, None)
    monkeypatch.delattr(next(one for one in KafkaAdminClient.__mro__ if hook in vars(one)), hook)
    with pytest.raises(AttributeError):
        client.commit_transaction(AbortTransactionSpec(OPEN, ME, 3, 70))
    assert sent.requests == []


def test_a_coordinator_that_never_says_how_it_ended_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(forgotten, "KafkaAdminClient", Broker)
    monkeypatch.setattr(forgotten, "_PATIENCE_S", 0)
    Broker.answers, Broker.written = [TransactionState.PREPARE_COMMIT], []
    assert forgotten.end_what_was_forgotten(Settings(), "risco-host-1", [OPEN]) == []
    assert Broker.written == []
    assert "does not say" in caplog.text
