"""Which event ids have arrived before: exactly those of the contract's window, in memory that has a bound.

A join with silver finds duplicates at half the speed of everything else in the batch together, and its cost grows
with the table. So the driver knows each event id of the window (hash of topic and id, hash of the content, packed
Kafka coordinate, last day), and silver is the truth of which this is a cache. The ids that came last are in memory.
The others are in sorted runs on S3, and in memory is what says which of them have to be asked. Days are those on which
batches landed, so that a rebuild from bronze forgets when the stream forgot.

Two 64-bit hashes agree by chance once in 2**128; where only the id's hash agrees the record goes to quarantine as
contradictory, from where nothing is lost.
"""

import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
import numpy.typing as npt

from acude.ingestion.id_runs import Run, RunFolder, entries_of, merge, search
from acude.ingestion.recent_ids import Arrivals, Longs, RecentIds

log = logging.getLogger(__name__)

Flags = npt.NDArray[np.bool_]

_FILTERS: Final = 3, 4
"""The filters' part of the memory."""
_RECENT: Final = 1, 16
"""That of the last ids: to sort them takes three times as much for a moment."""
_BYTES: Final = 28
"""Of a recent id."""
_MERGED_BYTES: Final = 20
"""The memory per id of a merged run, so that making one takes no more than what is left."""
_RUNS: Final = 8
"""So many runs of a day are merged: each is asked for each id."""


@dataclass(frozen=True)
class Repeats:
    """For each event, in the order it was given: is it a repeat, does it contradict, and of what."""

    duplicate: Flags
    contradictory: Flags
    originals: Longs


class DedupIndex:
    """First arrivals of each event id.

    Args:
        folder: where runs lie; None keeps all ids in memory.
        memory: bytes.

    Attributes:
        runs: those that are asked.
        saved_until: when the last event landed whose id came into a run, microseconds since 1970; 0 before the first.
        known_since: the ids of what landed up to then were let go of for lack of memory; 0 where none was.
    """

    def __init__(self, folder: RunFolder | None = None, memory: int = 2**30) -> None:
        self._folder = folder
        self._memory = memory
        self._recent = RecentIds()
        self._lasts: dict[int, int] = {}
        self.runs: list[Run] = []
        self.saved_until = 0
        self.known_since = 0

    def __len__(self) -> int:
        return len(self._recent) + sum(map(len, self.runs))

    @property
    def nbytes(self) -> int:
        """The memory that it takes between batches."""
        return len(self._recent) * _BYTES + sum(run.filter.nbytes for run in self.runs)

    def add(self, arrivals: Arrivals, landed: Longs | int = 0) -> None:
        """Remembers first arrivals; each id must be new.

        Args:
            arrivals: the events.
            landed: when, microseconds since 1970; one number where all landed together.
        """
        self._recent.add(arrivals)
        stamps = np.broadcast_to(landed, len(arrivals))
        for until in np.unique(arrivals.until).tolist():
            self._lasts[until] = max(self._lasts.get(until, 0), int(stamps[arrivals.until == until].max()))

    def forget(self, today: int) -> None:
        """Drops events that are known until an earlier day only.

        Args:
            today: the day on which the next batch landed, counted from 1970-01-01.
        """
        if any(until < today for until in self._lasts):
            self._recent.forget(today)
            self._lasts = {until: last for until, last in self._lasts.items() if until >= today}
        self.runs = [run for run in self.runs if run.until >= today]

    def settle(self, today: int) -> None:
        """Moves ids from memory to runs, and lets the oldest go, as far as the memory asks for it.

        To be called between batches: a batch that runs again must know what it knew before.

        Args:
            today: the day on which the next batch landed, counted from 1970-01-01.
        """
        self.forget(today)
        if self._folder and self._is_full():
            open_days = self._write_runs(self._folder)
            # A day of which nothing has come since the last time is over.
            self._merge(self._folder, open_days)
        self._let_go()

    def load(self, arrivals: Arrivals, landed: Longs, *, let_go: bool) -> None:
        """Remembers first arrivals of earlier batches, which come in any order; `end_of_load` follows.

        Args:
            arrivals: the events.
            landed: when, microseconds since 1970.
            let_go: whether the oldest may be let go of.
        """
        self.add(arrivals, landed)
        if self._folder and self._is_full():
            self._write_runs(self._folder)
            self._merge(self._folder, {run.until for run in self.runs})
        if let_go:
            self._let_go()

    def end_of_load(self) -> None:
        """Makes the runs whole if some were written: what landed before the last batch is in them."""
        if self._folder:
            self._write_runs(self._folder)
            self._merge(self._folder, ())
            # What silver has of the last batch may be a part of it.
            self.saved_until = max(self.saved_until - 1, 0)

    def _is_full(self) -> bool:
        return len(self._recent) * _BYTES > _part(self._memory, _RECENT)

    def _write_runs(self, folder: RunFolder) -> set[int]:
        """Moves all recent ids to runs; returns the days that those have."""
        days = set()
        for until, rows in self._recent.drain():
            self.runs.append(Run.write(folder, until, self._lasts[until], len(rows), [entries_of(rows)]))
            days.add(until)
        self.saved_until = max([self.saved_until, *self._lasts.values()])
        self._lasts = {}
        return days

    def _let_go(self) -> None:
        former = self.known_since
        while sum(run.filter.nbytes for run in self.runs) > _part(self._memory, _FILTERS):
            oldest = min(self.runs, key=lambda run: run.last)
            self.runs.remove(oldest)
            self.known_since = max(self.known_since, oldest.last)
        if self.known_since > former:
            since = datetime.fromtimestamp(self.known_since / 1e6, UTC)
            log.warning(
                "ACUDE_DEDUP_MEMORY has no room for the whole window: repeats are found of events that landed after %s",
                f"{since:%Y-%m-%d %H:%M:%S} UTC",
            )

    def _merge(self, folder: RunFolder, open_days: Collection[int]) -> None:
        """Merges the runs of each day: of an open one when there are many."""
        for until in {run.until for run in self.runs}:
            own = [run for run in self.runs if run.until == until]
            closed = until not in open_days
            small = _to_merge(own, self._memory // _MERGED_BYTES, closed=closed) if closed or len(own) >= _RUNS else []
            if small:
                self.runs = [run for run in self.runs if run not in small] + [merge(folder, small)]

    def find_duplicates(self, batch: Arrivals, taken: Longs, landed: int = 0) -> Repeats:
        """Tells repeats from first arrivals, and remembers the latter.

        The first arrival is what an earlier batch brought, else what the broker took first of this one; of one moment
        it is the lowest coordinate. A row that is known under its own coordinate belongs to a batch that runs again: it
        is its own first arrival.

        Args:
            batch: the events.
            taken: the broker's timestamp of each.
            landed: the batch's time, microseconds since 1970.

        Raises:
            DamagedRun: a run is not what was written.
        """
        order = np.lexsort((batch.coordinates, taken, batch.ids))
        ordered = batch.take(order)
        starts = np.ones(len(batch), dtype=np.bool_)
        starts[1:] = ordered.ids[1:] != ordered.ids[:-1]
        firsts = ordered.take(starts)
        contents, coordinates, known = (
            firsts.contents.copy(),
            firsts.coordinates.copy(),
            np.zeros(len(firsts), np.bool_),
        )
        for at, content, coordinate in self._known(firsts.ids):
            contents[at], coordinates[at], known[at] = content, coordinate, True
        group = np.cumsum(starts) - 1
        repeats = coordinates[group] != ordered.coordinates
        same = contents[group] == ordered.contents
        duplicate, contradictory = np.zeros(len(batch), np.bool_), np.zeros(len(batch), np.bool_)
        originals = np.zeros(len(batch), np.int64)
        duplicate[order], contradictory[order] = repeats & same, repeats & ~same
        originals[order] = coordinates[group]
        self.add(firsts.take(~known), landed)
        return Repeats(duplicate, contradictory, originals)

    def _known(self, ids: Longs) -> Iterator[tuple[Longs, Longs, Longs]]:
        """The places of those ids that are known, their contents, their coordinates."""
        places, contents, coordinates = self._recent.find(ids)
        yield places, contents, coordinates
        others = np.delete(np.arange(len(ids)), places)
        found = search(self.runs, ids[others])
        yield others[found.asked], found.contents, found.coordinates


def _part(memory: int, part: tuple[int, int]) -> int:
    return memory * part[0] // part[1]


def _to_merge(runs: Sequence[Run], most: int, *, closed: bool) -> list[Run]:
    """All runs of a closed day; of another one half of them, and those that aren't larger than all smaller ones.

    So each id is written again as often as the day's ids double, not as often as ids come.
    """
    taken: list[Run] = []
    rows = 0
    for run in sorted(runs, key=len):
        larger = len(taken) >= _RUNS // 2 and len(run) > rows
        if rows + len(run) > most or (larger and not closed):
            break
        taken.append(run)
        rows += len(run)
    return taken if len(taken) > 1 else []
