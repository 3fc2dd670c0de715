"""Sorted runs of known ids on S3. A run's filter is held in memory, its entries are read when they are asked for.

A run is one object that never changes: 24 bytes an id (hash of topic and id, hash of the content, packed Kafka
coordinate), sorted by the first, and behind them the filter. The filter says at which place an id would lie, so that
an id is looked up by reading some bytes, and many ids by reading the run once.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple, Self
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow.fs import FileSelector, FileSystem
from xxhash import xxh3_64

from acude.ingestion.id_filter import IdFilter, Places
from acude.ingestion.recent_ids import Arrivals, Longs
from acude.lake.run_records import ControlObject

ENTRY: Final = np.dtype([("id", "<i8"), ("content", "<i8"), ("coordinate", "<i8")])
Entries = npt.NDArray[np.void]

_GAP: Final = 2_500
"""Entries between two places that are read rather than asked for by themselves: 60 KB."""
_TOGETHER: Final = 100_000
"""Entries that are read at a time: 2.4 MB."""
_READERS: Final = 16
_MERGED_AT_ONCE: Final = 1_000_000


class DamagedRun(Exception):  # noqa: N818 - a state of the object
    """A run is not what was written."""


class Description(ControlObject):
    """What must be known of a run to read it.

    Attributes:
        nome: the object's name.
        conhecidos_ate: the last day on which its ids are known, counted from 1970-01-01.
        ultimo: when the last of them landed, microseconds since 1970.
        linhas: how many ids.
        bits: the filter's.
        largura: the bytes of one of the filter's offsets.
        resumo: XXH3 of the filter.
    """

    nome: str
    conhecidos_ate: int
    ultimo: int
    linhas: int
    bits: int
    largura: int
    resumo: str


@dataclass(frozen=True)
class RunFolder:
    """Where runs lie."""

    files: FileSystem
    path: str

    def names(self) -> list[str]:
        """The objects that are there."""
        found = self.files.get_file_info(FileSelector(self.path, allow_not_found=True))
        return [one.base_name for one in found]

    def delete(self, names: Iterable[str]) -> None:
        """Deletes objects."""
        for name in names:
            self.files.delete_file(f"{self.path}/{name}")


class Found(NamedTuple):
    """Ids that are known.

    Attributes:
        asked: index of each among those that were asked for.
        contents: hash of its first arrival's content.
        coordinates: that one's coordinate.
    """

    asked: Longs
    contents: Longs
    coordinates: Longs


class Run:
    """One run: its filter, and the object with its entries."""

    def __init__(self, folder: RunFolder, description: Description, ids: IdFilter) -> None:
        self.description = description
        self.filter = ids
        self._folder = folder

    @classmethod
    def write(cls, folder: RunFolder, until: int, last: int, rows: int, pieces: Iterable[Entries]) -> Self:
        """Writes a run.

        Args:
            folder: where.
            until: the last day on which its ids are known.
            last: when the last of them landed.
            rows: how many.
            pieces: the entries, sorted, piece by piece.
        """
        name = f"{uuid4().hex}.ids"
        with folder.files.open_output_stream(f"{folder.path}/{name}") as out:

            def written() -> Iterator[Longs]:
                for piece in pieces:
                    out.write(piece.view(np.uint8))
                    yield np.ascontiguousarray(piece["id"])

            ids = IdFilter.of(rows, written())
            for part in ids.parts:
                out.write(part.view(np.uint8))
        description = Description(
            nome=name,
            conhecidos_ate=until,
            ultimo=last,
            linhas=rows,
            bits=ids.bits,
            largura=ids.width,
            resumo=_digest(ids),
        )
        return cls(folder, description, ids)

    @classmethod
    def read(cls, folder: RunFolder, found: Description) -> Self:
        """A run that was written before, with its filter only.

        Raises:
            DamagedRun: the object is gone, or another than it was.
        """
        size = IdFilter.size(found.linhas, found.bits, found.largura)
        try:
            with folder.files.open_input_file(f"{folder.path}/{found.nome}") as file:
                whole = file.size() == found.linhas * ENTRY.itemsize + size
                content = file.read_at(size, found.linhas * ENTRY.itemsize) if whole else b""
        except FileNotFoundError as problem:
            raise DamagedRun(found.nome) from problem
        ids = IdFilter.from_bytes(found.linhas, found.bits, found.largura, content) if len(content) == size else None
        if ids is None or _digest(ids) != found.resumo:
            raise DamagedRun(found.nome)
        return cls(folder, found, ids)

    def __len__(self) -> int:
        return self.description.linhas

    @property
    def until(self) -> int:
        """The last day on which its ids are known, counted from 1970-01-01."""
        return self.description.conhecidos_ate

    @property
    def last(self) -> int:
        """When the last of its ids landed, microseconds since 1970."""
        return self.description.ultimo

    @cached_property
    def _file(self) -> pa.NativeFile:
        return self._folder.files.open_input_file(f"{self._folder.path}/{self.description.nome}")

    def entries(self, first: int, end: int) -> Entries:
        """The entries from one place to another."""
        content = self._file.read_at((end - first) * ENTRY.itemsize, first * ENTRY.itemsize)
        return np.frombuffer(content, ENTRY)

    def look_up(self, ids: Longs, places: Places) -> Found:
        """Which of some ids are known, read at once.

        Args:
            ids: sorted.
            places: where the filter says that they may be.

        Raises:
            DamagedRun: what lies there is not what the filter was made from.
        """
        first = int(places.first[0])
        entries = self.entries(first, int(places.end[-1]))
        known, wanted = np.ascontiguousarray(entries["id"]), ids[places.asked]
        if not self.filter.alike(known[places.first - first], wanted).all():
            raise DamagedRun(self.description.nome)
        at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        hit = known[at] == wanted
        return Found(places.asked[hit], entries["content"][at[hit]], entries["coordinate"][at[hit]])


def _digest(ids: IdFilter) -> str:
    found = xxh3_64()
    for part in ids.parts:
        found.update(part.view(np.uint8).data)
    return found.hexdigest()


def search(runs: Sequence[Run], ids: Longs) -> Found:
    """Which of some ids are in one of the runs.

    Args:
        runs: those that are asked.
        ids: sorted, each once.

    Raises:
        DamagedRun: one is not what was written.
    """
    asked = [(run, places) for run in runs for places in _near(run.filter.find(ids))]
    nothing = Found(*(np.empty(0, np.int64),) * 3)
    with ThreadPoolExecutor(_READERS) as pool:
        found = [nothing, *pool.map(lambda one: one[0].look_up(ids, one[1]), asked)]
    return Found(*(np.concatenate(part) for part in zip(*found, strict=True)))


def _near(places: Places) -> Iterator[Places]:
    """The places in groups that are each read at once."""
    apart = places.first[1:] - places.end[:-1] > _GAP
    apart |= places.first[1:] // _TOGETHER != places.first[:-1] // _TOGETHER
    cuts = np.flatnonzero(apart) + 1
    for first, end in zip([0, *cuts.tolist()], [*cuts.tolist(), len(places.first)], strict=True):
        if end > first:
            yield Places(*(part[first:end] for part in places))


def merge(folder: RunFolder, runs: Sequence[Run]) -> Run:
    """One run with what is in several, which stay; about a million entries are in memory at a time."""
    rows = sum(map(len, runs))
    power = min(int(rows // _MERGED_AT_ONCE).bit_length(), *(run.filter.bits for run in runs))
    cuts = [run.filter.cuts(power).tolist() for run in runs]

    def pieces() -> Iterator[Entries]:
        for number in range(2**power):
            entries = [run.entries(cut[number], cut[number + 1]) for run, cut in zip(runs, cuts, strict=True)]
            together = np.concatenate(entries)
            yield together[np.argsort(together["id"], kind="stable")]

    last = max(run.last for run in runs)
    return Run.write(folder, runs[0].until, last, rows, pieces())


def entries_of(arrivals: Arrivals) -> Entries:
    """Arrivals as a run keeps them."""
    found = np.empty(len(arrivals), ENTRY)
    found["id"], found["content"], found["coordinate"] = arrivals.ids, arrivals.contents, arrivals.coordinates
    return found
