"""Which driver may change a checkpoint's life, and when a life ends."""

import json

import pytest

from acude.ingestion.checkpoint import STATE, Beginning, Checkpoint, Life
from acude.kafka.topics import Held
from acude.lake.commit import LeaseLost
from acude.settings import settings
from tests.buckets import MemoryBucket

TOPIC = "leituras"
PLACE = (TOPIC, 0)


def held(first: int = 0, end: int = 10, *, name: str = "a", partitions: int = 1) -> dict[str, Held]:
    """What the broker has of the topic."""
    return {TOPIC: Held(name, dict.fromkeys(range(partitions), first), dict.fromkeys(range(partitions), end))}


def begun(at: int = 0, has: dict[str, Held] | None = None) -> Checkpoint:
    """A driver has begun; a new life starts at that offset."""
    found, has = Checkpoint(settings()), has or held()
    starts = {(TOPIC, number): at for number in has[TOPIC].first}
    found.begin(has, lambda: Beginning(starts, None))
    return found


def write(bucket: MemoryBucket, life: Checkpoint, number: int, offset: int, *, finished: bool = True) -> None:
    """What Spark writes of a batch."""
    bucket.put_object(Key=f"{life.folder}/metadata", Body=b"{}")
    text = f"v1\n{{}}\n{json.dumps({TOPIC: {'0': offset}})}"
    bucket.put_object(Key=f"{life.folder}/offsets/{number}", Body=text.encode())
    if finished:
        bucket.put_object(Key=f"{life.folder}/commits/{number}", Body=b"v1\n{}")


@pytest.mark.usefixtures("bucket")
def test_a_driver_whose_life_another_goes_on_with_begins_no_batch() -> None:
    former = begun()
    begun()
    with pytest.raises(LeaseLost, match=STATE):
        former.stamp(0)


@pytest.mark.usefixtures("bucket")
def test_of_two_drivers_that_find_no_life_one_begins() -> None:
    paused = Checkpoint(settings())
    begun(0)
    with pytest.raises(LeaseLost):
        paused.begin(held(), lambda: Beginning({PLACE: 5}, None))
    assert Checkpoint(settings()).landed == {PLACE: 0}


def test_a_batch_keeps_its_time_when_it_is_repeated(bucket: MemoryBucket) -> None:
    first = begun()
    write(bucket, first, 0, 3, finished=False)
    stamps = [first.stamp(0), first.stamp(0), begun().stamp(0)]
    assert len(set(stamps)) == 1


@pytest.mark.usefixtures("bucket")
def test_the_batches_of_a_life_come_behind_those_of_the_last_one() -> None:
    late = begun().stamp(0).replace(year=2100)
    found = Checkpoint(settings())
    found.begin(held(), lambda: Beginning({PLACE: 5}, late))
    assert found.stamp(0) > late


def test_a_life_ends_where_spark_lacks_the_offsets_of_a_batch(bucket: MemoryBucket) -> None:
    former = begun()
    former.stamp(0)
    assert begun(5).landed == {PLACE: 5}
    former = begun(5)
    former.stamp(0)
    write(bucket, former, 0, 6, finished=False)
    assert begun(7).folder == former.folder


def test_a_life_ends_where_the_offsets_of_its_last_batch_are_empty(bucket: MemoryBucket) -> None:
    former = begun()
    write(bucket, former, 0, 3)
    write(bucket, former, 1, 4)
    former.stamp(1)
    bucket.put_object(Key=f"{former.folder}/offsets/1", Body=b"")
    assert begun(4).landed == {PLACE: 4}


@pytest.mark.parametrize(
    ("has", "ends"),
    [
        (held(first=3), False),
        (held(first=4), True),
        (held(end=3), False),
        (held(end=2), True),
        (held(name="b"), True),
        (held(partitions=2), False),
        (held(first=1, partitions=2), True),
    ],
    ids=[
        "all is there",
        "retention",
        "nothing waits",
        "lost its end",
        "made again",
        "a partition more",
        "a partition more, without its beginning",
    ],
)
def test_a_life_ends_where_spark_would_ask_for_what_the_broker_does_not_have(
    bucket: MemoryBucket, has: dict[str, Held], ends: bool
) -> None:
    former = begun()
    write(bucket, former, 0, 3)
    former.stamp(0)
    assert (begun(has=has).folder != former.folder) == ends


def test_a_life_ends_where_the_broker_lost_what_spark_has_planned(bucket: MemoryBucket) -> None:
    former = begun()
    write(bucket, former, 0, 3)
    write(bucket, former, 1, 9, finished=False)
    former.stamp(1)
    assert begun(has=held(end=9)).folder == former.folder
    assert begun(has=held(end=8)).folder != former.folder


@pytest.mark.usefixtures("bucket")
def test_a_life_ends_where_it_was_to_begin_without_one_of_the_partitions() -> None:
    former = begun()
    assert begun(has=held(partitions=2)).folder != former.folder


@pytest.mark.parametrize("text", ["earliest", '{"leituras": {"0": -2}}'])
def test_a_life_that_was_to_begin_at_the_earliest_records_names_no_offset(bucket: MemoryBucket, text: str) -> None:
    bucket.put_object(Key=STATE, Body=Life(id="20260101T000000-a", inicio=text).model_dump_json().encode())
    assert Checkpoint(settings()).landed == {}
