"""Which event ids have arrived before: a sorted index in the stream driver's memory.

A join with silver finds duplicates at half the speed of everything else in the batch together, and its cost grows
with the table. So the driver keeps 28 bytes for each event id of the contract's window (hash of topic and id, hash of
the content, packed Kafka coordinate, last day), loaded from silver when it starts: silver is the truth, this a cache
of it. Days are those on which batches landed, so that a rebuild from bronze forgets when the stream forgot.

Two 64-bit hashes agree by chance once in 2**128; where only the id's hash agrees the record goes to quarantine as
contradictory, from where nothing is lost.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Longs = npt.NDArray[np.int64]
Days = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

_OFFSET_BITS = 44
_PARTITION_BITS = 12


def pack(partition: npt.NDArray[np.int32], offset: Longs, topic: Longs | int = 0) -> Longs:
    """A Kafka partition and offset as one number that sorts like the pair.

    Args:
        partition: below 4,096.
        offset: below 2**44.
        topic: place among the contract's topics, sorted by name, where these may differ; below 128.
    """
    place = (np.int64(topic) << _PARTITION_BITS) | partition.astype(np.int64)
    return (place << _OFFSET_BITS) | offset


def unpack(coordinate: Longs) -> tuple[Longs, npt.NDArray[np.int32], Longs]:
    """The topics, partitions and offsets that `pack` joined."""
    place = coordinate >> _OFFSET_BITS
    partition = place & ((1 << _PARTITION_BITS) - 1)
    return place >> _PARTITION_BITS, partition.astype(np.int32), coordinate & ((1 << _OFFSET_BITS) - 1)


@dataclass(frozen=True)
class Arrivals:
    """Events as arrays of one length: hash of topic and id, hash of the content, packed coordinate, last day known.

    The day is counted from 1970-01-01; an event that lands later than that is a first arrival again.
    """

    ids: Longs
    contents: Longs
    coordinates: Longs
    until: Days

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, index: npt.NDArray[np.intp] | Flags) -> "Arrivals":
        """The rows at `index`."""
        return Arrivals(self.ids[index], self.contents[index], self.coordinates[index], self.until[index])


@dataclass(frozen=True)
class Repeats:
    """For each event, in the order it was given: is it a repeat, does it contradict, and of what."""

    duplicate: Flags
    contradictory: Flags
    originals: Longs


def _join(one: Arrivals, other: Arrivals) -> Arrivals:
    ids = np.concatenate([one.ids, other.ids])
    order = np.argsort(ids, kind="stable")
    return Arrivals(
        ids[order],
        np.concatenate([one.contents, other.contents])[order],
        np.concatenate([one.coordinates, other.coordinates])[order],
        np.concatenate([one.until, other.until])[order],
    )


class DedupIndex:
    """First arrivals of each event id, in sorted runs that double in length, as a log-structured merge tree does."""

    def __init__(self) -> None:
        self._runs: list[Arrivals] = []
        self._today = 0

    def __len__(self) -> int:
        return sum(len(run) for run in self._runs)

    def add(self, arrivals: Arrivals) -> None:
        """Remembers first arrivals; each id must be new."""
        if not len(arrivals):
            return
        self._runs.append(arrivals.take(np.argsort(arrivals.ids, kind="stable")))
        while len(self._runs) > 1 and len(self._runs[-1]) * 2 > len(self._runs[-2]):
            last, before = self._runs.pop(), self._runs.pop()
            self._runs.append(_join(before, last))

    def forget(self, today: int) -> None:
        """Drops events that are known until an earlier day only.

        Args:
            today: the day on which the next batch landed, counted from 1970-01-01.
        """
        if today != self._today:
            kept = [run.take(run.until >= today) for run in self._runs]
            self._runs = [run for run in kept if len(run)]
            self._today = today

    def find_duplicates(self, batch: Arrivals, taken: Longs) -> Repeats:
        """Tells repeats from first arrivals, and remembers the latter.

        The first arrival is what an earlier batch brought, else what the broker took first of this one; of one moment
        it is the lowest coordinate. A row that is known under its own coordinate belongs to a batch that runs again: it
        is its own first arrival.

        Args:
            batch: the events.
            taken: the broker's timestamp of each.
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
        for run in self._runs:
            at = np.minimum(np.searchsorted(run.ids, firsts.ids), len(run) - 1)
            hit = run.ids[at] == firsts.ids
            contents[hit], coordinates[hit] = run.contents[at[hit]], run.coordinates[at[hit]]
            known |= hit
        group = np.cumsum(starts) - 1
        repeats = coordinates[group] != ordered.coordinates
        same = contents[group] == ordered.contents
        duplicate, contradictory = np.zeros(len(batch), np.bool_), np.zeros(len(batch), np.bool_)
        originals = np.zeros(len(batch), np.int64)
        duplicate[order], contradictory[order] = repeats & same, repeats & ~same
        originals[order] = coordinates[group]
        self.add(firsts.take(~known))
        return Repeats(duplicate, contradictory, originals)
