"""How far ingest is behind a topic, as a broker tells that answers, is slow, or has marks of transactions alone."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from unittest import mock

import pytest
from kafka import TopicPartition

from acude.contracts.model import topics
from acude.orchestration import lag
from acude.settings import Settings

TOPIC = next(topic.name for topic in topics() if topic.freshness)
FIRST, SECOND = TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 1)
END = 20


class Broker:
    """A consumer of one topic with two partitions of twenty offsets each.

    Args:
        records: since when each partition's next record waits, as far as the broker hands it out.
        passed: offset behind what the consumer passed by without finding a record.
        partitions: which it names; None: it names none.
    """

    def __init__(
        self,
        records: dict[TopicPartition, timedelta],
        passed: int = 0,
        partitions: frozenset[int] | None = frozenset({0, 1}),
    ) -> None:
        self._records, self._passed, self._partitions = records, passed, partitions
        self._now = datetime.now(UTC)

    def topics(self) -> set[str]:
        return {TOPIC}

    def partitions_for_topic(self, _: str) -> frozenset[int] | None:
        return self._partitions

    def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 0)

    def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, END)

    def assign(self, partitions: list[TopicPartition]) -> None:
        [self._at] = partitions

    def seek(self, _: TopicPartition, offset: int) -> None:
        self._offset = offset

    def poll(self, **_: int) -> dict[TopicPartition, list[SimpleNamespace]]:
        if self._at not in self._records:
            return {}
        return {self._at: [SimpleNamespace(timestamp=(self._now - self._records[self._at]).timestamp() * 1000)]}

    def position(self, _: TopicPartition) -> int:
        return max(self._offset, self._passed)

    def close(self) -> None:
        pass


def ingest_behind(broker: Broker, landed: dict[str, int]) -> lag.Lag:
    with (
        mock.patch.object(lag, "KafkaConsumer", return_value=broker),
        mock.patch.object(lag, "landed_offsets", return_value={TOPIC: landed}),
        mock.patch.object(lag, "_followers_behind", return_value=[]),
    ):
        [found] = lag.lags(Settings())
    return found


def test_the_oldest_record_that_waits_counts() -> None:
    broker = Broker({FIRST: timedelta(minutes=5), SECOND: timedelta(hours=7)})
    found = ingest_behind(broker, {"0": 3, "1": 4}).behind
    assert found is not None
    assert found // timedelta(hours=1) == 7


def test_where_nothing_waits_it_is_not_behind() -> None:
    assert ingest_behind(Broker({}), {"0": END, "1": END}).behind == timedelta()


def test_what_waits_and_is_not_handed_out_is_unknown_and_not_nothing() -> None:
    found = ingest_behind(Broker({}), {"0": 3, "1": END})
    assert (found.behind, found.ok) == (None, False)
    assert "unknown" in str(found)


@pytest.mark.parametrize("landed", [{"0": 3, "1": 3}, {"0": 3, "1": 4}])
def test_one_slow_partition_is_enough_for_it(landed: dict[str, int]) -> None:
    found = ingest_behind(Broker({FIRST: timedelta(seconds=1)}), landed)
    assert (found.behind, found.ok) == (None, False)


def test_a_topic_whose_partitions_are_not_named_is_unknown() -> None:
    assert ingest_behind(Broker({}, partitions=None), {"0": END, "1": END}).behind is None


def test_marks_of_transactions_alone_are_nothing_that_waits() -> None:
    assert ingest_behind(Broker({}, passed=END), {"0": END - 1, "1": END}).behind == timedelta()
