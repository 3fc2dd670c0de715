"""`ingest` where the broker has other records or partitions than when it was last read: all that is there lands."""

import pytest

from tests.integration.streams.sensors import Sensors


@pytest.mark.parametrize("lost", [False, True], ids=["checkpoint there", "checkpoint deleted"])
def test_what_retention_left_lands_and_what_it_took_is_told(sensors: Sensors, lost: bool) -> None:
    sensors.send(4, 5, 6)
    sensors.let_go(before=5)
    if lost:
        sensors.lose_the_checkpoint()
    sensors.ingest()
    assert (sensors.landed, sensors.told) == ([1, 2, 3, 6], ["0/3 to 4"])

    sensors.send(7)
    sensors.ingest()
    assert (sensors.landed, sensors.told) == ([1, 2, 3, 6, 7], ["0/3 to 4"])


@pytest.mark.parametrize("sent", [(4,), (4, 5, 6, 7, 8)], ids=["shorter than before", "longer than before"])
def test_a_topic_that_was_made_again_is_read_from_its_beginning(sensors: Sensors, sent: tuple[int, ...]) -> None:
    sensors.make_again()
    sensors.send(*sent)
    sensors.ingest()
    assert (sensors.landed, sensors.told) == ([1, 2, 3, *sent], ["0/3 and what followed it"])

    # Bronze has higher offsets of the former topic.
    sensors.lose_the_checkpoint()
    sensors.send(9)
    sensors.ingest()
    assert sensors.landed == [1, 2, 3, *sent, 9]


@pytest.mark.parametrize("lost", [False, True], ids=["checkpoint there", "checkpoint deleted"])
def test_partitions_beyond_the_contracts_are_read_from_their_beginning(sensors: Sensors, lost: bool) -> None:
    sensors.add_partitions(5)
    sensors.send(4, partition=0)
    sensors.send(5, partition=4)
    if lost:
        sensors.lose_the_checkpoint()
    sensors.ingest()
    assert (sensors.landed, sensors.told) == ([1, 2, 3, 4, 5], [])
