"""A checkpoint with an empty object among its newest: the query goes on by itself, without loss or repeat."""

import re

import pytest

from acude.aws import keys, s3
from tests.integration.streams.sensors import Sensors
from tests.integration.streams.silver import NOON, Silver, expected, live
from tests.integration.streams.steps import measure
from tests.integration.streams.streamlab import StreamLab

PARTS = ["offsets", "commits", "metadata"]


def empty_the_newest(lab: StreamLab, checkpoint: str, part: str) -> None:
    """Leaves nothing in the newest object of that part of a checkpoint."""
    named = re.compile(rf"/{part}(?:/(\d+))?$")
    found = map(named.search, keys(lab.config.lake_bucket, f"_checkpoints/{checkpoint}/", lab.config))
    newest = max((name for name in found if name), key=lambda name: int(name[1] or 0))
    s3(lab.config).put_object(Bucket=lab.config.lake_bucket, Key=newest.string, Body=b"")


@pytest.mark.parametrize("part", PARTS)
def test_ingest_lands_each_record_once(sensors: Sensors, part: str) -> None:
    sensors.send(4)
    sensors.ingest()
    empty_the_newest(sensors.lab, "ingest", part)
    sensors.send(5)
    sensors.ingest()
    sensors.send(6)
    sensors.ingest()
    assert sensors.landed == [1, 2, 3, 4, 5, 6]
    assert len(sensors.lab.rows("bronze.eventos")) == 6
    assert sensors.told == []


@pytest.mark.parametrize("part", [PARTS[0], *(pytest.param(one, marks=pytest.mark.soak) for one in PARTS[1:])])
def test_measure_counts_each_event_once(spark: StreamLab, silver: Silver, part: str) -> None:
    events = [silver.event(NOON, f"u{number}", id_produto="p1") for number in range(4)]
    for event in events[:2]:
        silver.land(event)
        spark.do(measure)
    empty_the_newest(spark, "measure", part)
    for event in events[2:]:
        silver.land(event)
        spark.do(measure)
    assert live(spark) == expected(events)
