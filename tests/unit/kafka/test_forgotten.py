"""What a killed broker forgot to end is ended as its coordinator says, and nothing else is."""

from typing import Any

import pytest
from kafka import TopicPartition
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
    def abort_transaction(self, spec: AbortTransactionSpec) -> None:
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


def test_the_end_that_the_library_lacks_is_a_commit() -> None:
    spec = AbortTransactionSpec(OPEN, ME, 3, 70)
    asked = forgotten._Committing._abort_transaction_request(spec)
    assert [marker.transaction_result for marker in asked.markers] == [True]


def test_a_coordinator_that_never_says_how_it_ended_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(forgotten, "KafkaAdminClient", Broker)
    monkeypatch.setattr(forgotten, "_PATIENCE_S", 0)
    Broker.answers, Broker.written = [TransactionState.PREPARE_COMMIT], []
    assert forgotten.end_what_was_forgotten(Settings(), "risco-host-1", [OPEN]) == []
    assert Broker.written == []
    assert "does not say" in caplog.text
