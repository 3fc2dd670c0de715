"""A lake with silver as a dictionary, the drivers that land batches in it, and what a dictionary says of repeats."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.fs
import pytest

from acude.contracts.model import Contract, topics
from acude.ingestion import saved_ids
from acude.ingestion.arrivals import Landed
from acude.ingestion.checkpoint import Life
from acude.ingestion.duplicates import EPOCH, day_number, stamp_number
from acude.ingestion.id_runs import RunFolder
from acude.ingestion.recent_ids import Arrivals, pack
from acude.ingestion.refine import KEYS
from acude.ingestion.saved_ids import KnownIds
from acude.settings import settings

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
