"""Which driver may change a checkpoint's life, and when a life ends."""

import pytest

from acude.ingestion.checkpoint import STATE, Checkpoint
from acude.lake.commit import LeaseLost
from acude.settings import settings
from tests.buckets import MemoryBucket

EARLIEST, BEHIND = "earliest", "behind bronze"


def begun(starting: str = EARLIEST) -> Checkpoint:
    found = Checkpoint(settings())
    found.begin(lambda: starting)
    return found


@pytest.mark.usefixtures("bucket")
def test_a_driver_whose_life_another_goes_on_with_begins_no_batch() -> None:
    former = begun()
    begun()
    with pytest.raises(LeaseLost, match=STATE):
        former.stamp(0)


@pytest.mark.usefixtures("bucket")
def test_of_two_drivers_that_find_no_life_one_begins() -> None:
    paused = Checkpoint(settings())
    begun()
    with pytest.raises(LeaseLost):
        paused.begin(lambda: BEHIND)
    assert Checkpoint(settings()).known.inicio == EARLIEST


def test_a_batch_keeps_its_time_when_it_is_repeated(bucket: MemoryBucket) -> None:
    first = begun()
    bucket.put_object(Key=f"{first.folder}/offsets/0", Body=b"")
    stamps = [first.stamp(0), first.stamp(0), begun().stamp(0)]
    assert len(set(stamps)) == 1


def test_a_life_ends_where_spark_lacks_the_offsets_of_a_batch(bucket: MemoryBucket) -> None:
    former = begun()
    former.stamp(0)
    assert begun(BEHIND).known.inicio == BEHIND
    former = begun()
    former.stamp(0)
    bucket.put_object(Key=f"{former.folder}/offsets/0", Body=b"")
    assert begun(BEHIND).folder == former.folder
