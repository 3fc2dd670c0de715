"""The ids that arrived last, exactly: 28 bytes each, in sorted arrays that double like a log-structured merge tree."""

from collections.abc import Iterator
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


def _join(one: Arrivals, other: Arrivals) -> Arrivals:
    ids = np.concatenate([one.ids, other.ids])
    order = np.argsort(ids, kind="stable")
    return Arrivals(
        ids[order],
        np.concatenate([one.contents, other.contents])[order],
        np.concatenate([one.coordinates, other.coordinates])[order],
        np.concatenate([one.until, other.until])[order],
    )


class RecentIds:
    """First arrivals of each event id."""

    def __init__(self) -> None:
        self._runs: list[Arrivals] = []

    def __len__(self) -> int:
        return sum(len(run) for run in self._runs)

    def add(self, arrivals: Arrivals) -> None:
        """Remembers first arrivals."""
        if not len(arrivals):
            return
        self._runs.append(arrivals.take(np.argsort(arrivals.ids, kind="stable")))
        while len(self._runs) > 1 and len(self._runs[-1]) * 2 > len(self._runs[-2]):
            self._join_last()

    def forget(self, today: int) -> None:
        """Drops events that are known until an earlier day only.

        Args:
            today: counted from 1970-01-01.
        """
        kept = [run.take(run.until >= today) for run in self._runs]
        self._runs = [run for run in kept if len(run)]

    def find(self, ids: Longs) -> tuple[Longs, Longs, Longs]:
        """The places of those ids that are known; their contents; their coordinates."""
        found = [(np.empty(0, np.int64),) * 3]
        for run in self._runs:
            at = np.minimum(np.searchsorted(run.ids, ids), len(run) - 1)
            hit = np.flatnonzero(run.ids[at] == ids)
            found.append((hit, run.contents[at[hit]], run.coordinates[at[hit]]))
        places, contents, coordinates = (np.concatenate(part) for part in zip(*found, strict=True))
        return places, contents, coordinates

    def drain(self) -> Iterator[tuple[int, Arrivals]]:
        """Takes all of them out: by the last day on which they are known, sorted by id."""
        while len(self._runs) > 1:
            self._join_last()
        for rows in self._runs:
            for until in np.unique(rows.until).tolist():
                yield until, rows.take(rows.until == until)
        self._runs = []

    def _join_last(self) -> None:
        last, before = self._runs.pop(), self._runs.pop()
        self._runs.append(_join(before, last))
