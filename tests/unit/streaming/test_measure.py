"""Which driver says where `measure` goes on."""

import pytest

from acude.lake import spark_checkpoint
from acude.lake.commit import LeaseLost
from acude.settings import Settings, settings
from jobs.streaming import measure
from tests.buckets import MemoryBucket


def test_a_driver_that_was_overtaken_while_it_looked_leaves_the_next_ones_life(
    bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure.life(settings())
    look = spark_checkpoint.last_offsets
    nexts: list[measure.Life] = []

    def paused(folder: str, config: Settings) -> int:
        monkeypatch.setattr(spark_checkpoint, "last_offsets", look)
        nexts.append(measure.life(settings())[0])
        for written in ("metadata", "offsets/0"):
            bucket.put_object(Key=f"{measure.CHECKPOINT}/{nexts[0].folder}/{written}", Body=b"v1")
        return look(folder, config)

    monkeypatch.setattr(spark_checkpoint, "last_offsets", paused)
    with pytest.raises(LeaseLost):
        measure.life(settings())
    found, new = measure.life(settings())
    assert (found.folder, new) == (nexts[0].folder, False)
