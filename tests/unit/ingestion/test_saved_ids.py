"""Which saved ids a driver trusts, what it reads, what it lets go, and what it deletes."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from acude.ingestion.duplicates import EPOCH
from acude.ingestion.id_runs import DamagedRun, Entries, Run
from acude.ingestion.saved_ids import STATE
from acude.lake.commit import LeaseLost
from tests.buckets import MemoryBucket
from tests.unit.ingestion.shop import BEGIN, CLICKS, SMALL, TINY, Shop


@pytest.fixture
def shop(bucket: MemoryBucket, tmp_path: Path) -> Shop:
    """A driver that has landed four batches of thirty ids, most of them in runs."""
    del bucket
    found = Shop(SMALL, tmp_path)
    for number in range(4):
        found.land([(0, 30 * number + n, 0) for n in range(30)])
    assert found.runs
    return found


def test_a_driver_that_starts_reads_from_silver_only_what_no_run_holds(shop: Shop) -> None:
    shop.start()
    assert min(shop.read_from) > BEGIN
    assert len(shop.driver.index) == len(shop.silver)


def test_a_batch_of_old_repeats_reads_each_run_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[tuple[int, int]] = []
    read = Run.entries

    def noted(run: Run, first: int, end: int) -> Entries:
        reads.append((first, end))
        return read(run, first, end)

    monkeypatch.setattr(Run, "entries", noted)
    shop.land([(0, n, 0) for n in range(90)])
    assert reads == [(0, 30)] * 3


@pytest.mark.parametrize(
    "change",
    [
        {"vida": "b"},
        {"contratos": {CLICKS.name: "another"}},
        {"salvo_ate": 2**60},
        {"formato": 2},
        {"partes": "x"},
    ],
)
def test_saved_ids_that_are_not_this_checkpoints_are_made_again_from_silver(
    shop: Shop, bucket: MemoryBucket, change: dict[str, Any]
) -> None:
    saved = json.loads(bucket.objects[STATE][0])
    bucket.put_object(Key=STATE, Body=json.dumps(saved | change).encode())
    shop.start()
    assert min(shop.read_from) == EPOCH
    shop.land([(0, n, 1) for n in range(0, 120, 3)])
    shop.start()
    assert min(shop.read_from) > BEGIN


def test_a_run_whose_ids_have_changed_ends_the_driver_and_the_next_one_reads_silver(shop: Shop) -> None:
    for run in shop.runs:
        with run.open("r+b") as file:
            file.write(bytes(24 * 30))
    with pytest.raises(DamagedRun):
        shop.land([(0, n, 0) for n in range(90)])
    shop.start()
    assert min(shop.read_from) == EPOCH


def test_a_run_that_is_gone_is_made_again(shop: Shop) -> None:
    shop.runs[0].unlink()
    shop.start()
    assert min(shop.read_from) == EPOCH
    shop.land([(0, n, 0) for n in range(90)])


@pytest.mark.usefixtures("shop")
def test_a_driver_that_another_has_followed_saves_nothing(shop: Shop) -> None:
    former = shop.driver
    shop.start()
    left = shop.runs
    with pytest.raises(LeaseLost, match=STATE):
        former.keep(shop.life)
    assert shop.runs == left


def test_runs_that_are_merged_or_forgotten_are_deleted(shop: Shop) -> None:
    for number in range(40):
        shop.land([(0, 1_000 + 30 * number + n, 0) for n in range(30)])
    assert 1 <= len(shop.runs) < 10
    assert len(shop.runs) == len(shop.driver.index.runs)
    shop.land([(0, 1, 0)], timedelta(days=9))
    assert shop.runs == []


def test_what_has_no_room_is_let_go_oldest_first_and_said(
    bucket: MemoryBucket, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shop = Shop(TINY, tmp_path)
    assert shop.driver.since(BEGIN) == datetime(2026, 11, 17, tzinfo=UTC)
    for number in range(12):
        shop.land([(0, 30 * number + n, 0) for n in range(30)])
    since = shop.driver.since(BEGIN)
    assert BEGIN < since < BEGIN + timedelta(minutes=12)
    assert "ACUDE_DEDUP_MEMORY" in caplog.text
    assert f"{since:%Y-%m-%d %H:%M:%S} UTC" in caplog.text
    shop.start()
    assert shop.driver.since(BEGIN) == since
    del bucket


@pytest.mark.usefixtures("bucket")
def test_what_silver_got_of_a_batch_after_its_first_part_was_saved_is_read_again(tmp_path: Path) -> None:
    shop = Shop(SMALL, tmp_path)
    rows = [(0, n, 0) for n in range(30)]
    landed, offset = shop.begin(timedelta(minutes=1)), shop.take(rows)
    said = shop.judge(rows, offset, landed)
    shop.commit(rows[:20], offset, landed, said[:20])
    shop.start()
    assert shop.runs
    assert shop.judge(rows, offset, landed) == said
    shop.commit(rows, offset, landed, said)
    shop.start()
    assert {word for word, _ in shop.land(rows)} == {"duplicata"}
