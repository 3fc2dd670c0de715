"""The index of known ids beside a plain dictionary, across days, restarts, damage and too little memory."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.fs
import pytest
from hypothesis import settings as given_by
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from acude import aws
from acude.contracts.model import Contract, topics
from acude.ingestion import saved_ids
from acude.ingestion.arrivals import Landed
from acude.ingestion.checkpoint import Life
from acude.ingestion.duplicates import EPOCH, day_number, stamp_number
from acude.ingestion.id_runs import DamagedRun, Entries, Run, RunFolder
from acude.ingestion.recent_ids import Arrivals, pack
from acude.ingestion.refine import KEYS
from acude.ingestion.saved_ids import STATE, KnownIds
from acude.lake.commit import LeaseLost
from acude.settings import settings
from tests.buckets import MemoryBucket

BEGIN = datetime(2026, 11, 20, 10, tzinfo=UTC)
ALL = topics()
CLICKS = next(topic for topic in ALL if topic.name == "eventos_clientes")
STOCK = next(topic for topic in ALL if topic.name == "atualizacoes_estoque")
BOTH = (
    CLICKS.model_copy(update={"dedup_window": timedelta(days=3)}),
    STOCK.model_copy(update={"dedup_window": timedelta(days=1)}),
)

Key = tuple[int, int]
"""Place among `BOTH`, and the event's id."""

Row = tuple[int, int, int]
"""The same, and the content."""


@dataclass
class Known:
    """What a plain dictionary keeps of a first arrival."""

    content: int
    offset: int
    landed: datetime

    def until(self, key: Key) -> int:
        return day_number(self.landed) + BOTH[key[0]].dedup_window.days


@dataclass
class Shop:
    """A lake with silver as a dictionary, and drivers that come and go.

    Attributes:
        memory: the drivers'.
        folder: of the runs.
        silver: what is committed.
    """

    memory: int
    folder: Path
    silver: dict[tuple[Key, int], Known] = field(default_factory=dict)
    known: dict[Key, Known] = field(default_factory=dict)
    life: Life = field(default_factory=lambda: Life(id="a", inicio="{}"))
    offset: int = 0
    read_from: list[datetime] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.driver = self.start()

    def start(self) -> KnownIds:
        self.read_from = []
        config = settings().model_copy(update={"dedup_memory": self.memory})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(saved_ids, "arrivals", self.arrivals)
            self.driver = KnownIds(BOTH, config, RunFolder(pyarrow.fs.LocalFileSystem(), str(self.folder)))
            self.driver.load(self.life)
        self.driver.keep(self.life)
        return self.driver

    def arrivals(self, topic: Contract, landed: datetime, after: datetime, _: object) -> Iterator[Landed]:
        self.read_from.append(after)
        place = BOTH.index(topic)
        rows = [
            (hashed(key), one.content, pack_one(one.offset), one.until(key), stamp_number(one.landed))
            for (key, _), one in self.silver.items()
            if key[0] == place and one.landed > after and one.until(key) >= day_number(landed)
        ]
        for start in range(0, len(rows), 7):
            ids, contents, places, until, stamps = np.array(rows[start : start + 7], np.int64).T
            yield Landed(Arrivals(ids, contents, places, until.astype(np.int32)), stamps)

    def begin(self, later: timedelta) -> datetime:
        """A new batch begins; returns its time."""
        landed = (self.life.ingerido_em or BEGIN) + later
        self.life = self.life.model_copy(update={"lote": self.life.lote + 1, "ingerido_em": landed})
        self.driver.settle(self.life, landed)
        return landed

    def judge(self, rows: list[Row], offset: int, landed: datetime) -> list[tuple[str, int]]:
        """What the driver says of each row, and of which offset it is a repeat."""
        keys = pa.table(
            {
                "topico": [BOTH[place].name for place, _, _ in rows],
                "particao": pa.array([0] * len(rows), pa.int32()),
                "deslocamento": range(offset, offset + len(rows)),
                "carimbo_kafka": [landed] * len(rows),
                "ingerido_em": [landed] * len(rows),
                "id_hash": [hashed((place, key)) for place, key, _ in rows],
                "hash_conteudo": [content for _, _, content in rows],
                "recusado": [False] * len(rows),
            }
        ).cast(KEYS)
        flags = self.driver.find_duplicates(keys, landed).to_pylist()
        found = {one["deslocamento"]: (one["veredito"], one["deslocamento_original"]) for one in flags}
        return [found.get(at, ("", at)) for at in range(offset, offset + len(rows))]

    def expected(self, rows: list[Row], offset: int, landed: datetime) -> list[tuple[str, int] | None]:
        """The same of the dictionary; None where the driver may have let the id go."""
        since = EPOCH + timedelta(microseconds=self.driver.index.known_since)
        found: list[tuple[str, int] | None] = []
        new: dict[Key, Known] = {}
        for at, (place, key, content) in enumerate(rows, offset):
            first = self.known.get((place, key))
            if first and first.until((place, key)) < day_number(landed):
                first = None
            if first and first.landed <= since:
                found.append(None)
                continue
            first = first or new.setdefault((place, key), Known(content, at, landed))
            word = "" if first.offset == at else "duplicata" if first.content == content else "contraditorio"
            found.append((word, first.offset))
        return found

    def commit(self, rows: list[Row], offset: int, landed: datetime, said: list[tuple[str, int]]) -> None:
        """Silver gets what the driver says is new."""
        for at, ((place, key, content), (word, _)) in enumerate(zip(rows, said, strict=True), offset):
            if not word:
                one = Known(content, at, landed)
                self.known[place, key] = self.silver[(place, key), at] = one

    def land(self, rows: list[Row], later: timedelta = timedelta(minutes=1)) -> list[tuple[str, int]]:
        """A batch from its beginning to its end."""
        landed, offset = self.begin(later), self.take(rows)
        said = self.judge(rows, offset, landed)
        self.agree(said, self.expected(rows, offset, landed))
        self.commit(rows, offset, landed, said)
        return said

    def take(self, rows: list[Row]) -> int:
        """The offset at which rows begin."""
        self.offset += len(rows)
        return self.offset - len(rows)

    @staticmethod
    def agree(said: list[tuple[str, int]], expected: list[tuple[str, int] | None]) -> None:
        assert [one for one, other in zip(said, expected, strict=True) if other] == [one for one in expected if one]

    @property
    def runs(self) -> list[Path]:
        return sorted(self.folder.iterdir())


def hashed(key: Key) -> int:
    """Spread evenly over all 64 bits, as real hashes are."""
    return int(np.random.default_rng([*key, 3]).integers(-(2**63), 2**63, dtype=np.int64))


def pack_one(offset: int) -> int:
    return int(pack(np.zeros(1, np.int32), np.array([offset], np.int64))[0])


ROOMY, SMALL, TINY = 2**24, 5_000, 700
"""Bytes: everything stays in memory; what is older than 11 ids is in runs; ids are let go of."""

ROWS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 60), st.integers(0, 1)), min_size=1, max_size=25)
LATER = st.sampled_from([timedelta(minutes=1)] * 5 + [timedelta(hours=9), timedelta(days=1), timedelta(days=2)])


class Drivers(RuleBasedStateMachine):
    """Whatever happens, the index says what a dictionary says of the ids that it must know."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.bucket = MemoryBucket()
        self.patch.setattr(aws, "_s3", lambda *_: self.bucket)
        self.place = tempfile.TemporaryDirectory()

    @initialize(memory=st.sampled_from([ROOMY, SMALL, TINY]))
    def open(self, memory: int) -> None:
        self.shop = Shop(memory, Path(self.place.name))

    @rule(rows=ROWS, later=LATER)
    def a_batch_lands(self, rows: list[Row], later: timedelta) -> None:
        self.shop.land(rows, later)

    @rule()
    def a_driver_starts(self) -> None:
        self.shop.start()

    @rule(rows=ROWS, later=LATER, committed=st.integers(0, 25))
    def a_batch_is_cut_off_and_runs_again(self, rows: list[Row], later: timedelta, committed: int) -> None:
        shop = self.shop
        landed, offset = shop.begin(later), shop.take(rows)
        said = shop.judge(rows, offset, landed)
        shop.agree(said, shop.expected(rows, offset, landed))
        shop.commit(rows[:committed], offset, landed, said[:committed])
        shop.start()
        assert shop.judge(rows, offset, landed) == said
        shop.commit(rows, offset, landed, said)

    @rule(size=st.integers(0, 200), place=st.integers(0, 5))
    def a_run_is_cut_short_before_the_next_start(self, size: int, place: int) -> None:
        if runs := self.shop.runs:
            run = runs[place % len(runs)]
            run.write_bytes(run.read_bytes()[: -1 - size])
            self.shop.start()
            assert min(self.shop.read_from) == EPOCH

    @rule()
    def the_checkpoint_is_lost(self) -> None:
        self.shop.life = self.shop.life.model_copy(update={"id": self.shop.life.id + "a"})
        self.shop.start()
        assert min(self.shop.read_from) == EPOCH

    @invariant()
    def what_lies_there_is_what_the_index_has(self) -> None:
        if hasattr(self, "shop") and self.shop.driver.index.known_since == 0:
            names = {path.name for path in self.shop.runs}
            assert {run.description.nome for run in self.shop.driver.index.runs} <= names

    def teardown(self) -> None:
        self.patch.undo()
        self.place.cleanup()


TestDrivers = Drivers.TestCase
TestDrivers.settings = given_by(max_examples=60, stateful_step_count=25, deadline=None)


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
