"""Which ids a sorted run may hold, and where: some 2.3 bytes an id.

The hashes of ids are spread evenly, so a sorted run of them is cut into buckets of equal width with about four ids
each. Of an id the bucket is known by its place, and two bytes of what follows are kept: in `rests`. Where a bucket
begins lies close to the straight line between two places that are kept exactly, one of 64; the rest is a byte a bucket.

An id that is in the run is always found. Of the others 6 in 100,000 seem to be, at a place that the run itself
has to be asked for.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt

Longs = npt.NDArray[np.int64]
Rests = npt.NDArray[np.uint16]

_PER_BUCKET: Final = 4
_LEAST_BITS: Final = 6
_REST_BITS: Final = 16
_LINE_BITS: Final = 6
_LINE: Final = 1 << _LINE_BITS
"""Buckets from one exact place to the next."""
_USUAL: Final = 64
"""More ids than chance puts into a bucket."""


class Places(NamedTuple):
    """Where a run may hold ids.

    Attributes:
        asked: index of each such id among those that were asked for.
        first: where in the run the ids begin that look like it.
        end: where they end.
    """

    asked: Longs
    first: Longs
    end: Longs


class IdFilter:
    """The filter of one run.

    Args:
        bits: the buckets' number is 2 to the power of it.
        exact: the first place of each 64th bucket, and twice that behind the last.
        offsets: of each bucket, and of the place behind the last, how far it lies from the line.
        rests: the two bytes kept of each id, in the run's order.
    """

    def __init__(self, bits: int, exact: Longs, offsets: npt.NDArray[np.signedinteger], rests: Rests) -> None:
        self.bits = bits
        self._exact = exact
        self._offsets = offsets
        self._rests = rests

    @classmethod
    def of(cls, rows: int, pieces: Iterable[Longs]) -> Self:
        """The filter of a run.

        Args:
            rows: how many ids.
            pieces: the ids, sorted, piece by piece.
        """
        bits = max(_LEAST_BITS, round(np.log2(max(rows, 1) / _PER_BUCKET)))
        counts, rests, done = np.zeros(2**bits, np.int64), np.empty(rows, np.uint16), 0
        for ids in pieces:
            bucket, rest = _split(ids, bits)
            rests[done : done + len(ids)] = rest
            done += len(ids)
            if len(ids):
                found = np.bincount(bucket - bucket[0])
                counts[bucket[0] : bucket[0] + len(found)] += found
        starts = np.concatenate([[0], np.cumsum(counts)])
        exact = np.concatenate([starts[::_LINE], starts[-1:]])
        offsets = starts - _on_line(exact, np.arange(len(starts)))
        # Only ids that were made to have like hashes lie further from the line than a byte can say.
        kind = np.int8 if abs(offsets).max() <= np.iinfo(np.int8).max else np.int64
        return cls(bits, exact, offsets.astype(kind), rests)

    @classmethod
    def from_bytes(cls, rows: int, bits: int, width: int, content: bytes) -> Self:
        """The filter that `parts` wrote; shares the memory.

        Args:
            rows: how many ids.
            bits: the filter's.
            width: the bytes of an offset.
            content: the parts, one behind the other.
        """
        exact = np.frombuffer(content, np.int64, 2**bits // _LINE + 2)
        kind = np.dtype(np.int8 if width == 1 else np.int64)
        rests = np.frombuffer(content, np.uint16, rows, exact.nbytes)
        offsets = np.frombuffer(content, kind, 2**bits + 1, exact.nbytes + rests.nbytes)
        return cls(bits, exact, offsets, rests)

    @property
    def parts(self) -> tuple[npt.NDArray[np.generic], ...]:
        """What has to be kept of it, in this order."""
        return self._exact, self._rests, self._offsets

    @property
    def width(self) -> int:
        """The bytes of an offset."""
        return self._offsets.itemsize

    @property
    def nbytes(self) -> int:
        """Its memory."""
        return sum(part.nbytes for part in self.parts)

    def __len__(self) -> int:
        return len(self._rests)

    @staticmethod
    def size(rows: int, bits: int, width: int) -> int:
        """The bytes of a filter's parts."""
        buckets = 1 << bits
        return (buckets // _LINE + 2) * 8 + rows * 2 + (buckets + 1) * width

    def cuts(self, power: int) -> Longs:
        """The places that cut the run into 2 to the power of `power` parts, by the ids' value; and the end.

        Args:
            power: no higher than `bits`.
        """
        return self._start(np.arange(2**power + 1) << (self.bits - power))

    def alike(self, ids: Longs, others: Longs) -> npt.NDArray[np.bool_]:
        """Which of two ids look the same here."""
        kept = np.uint64(64 - self.bits - _REST_BITS)
        same: npt.NDArray[np.bool_] = (ids.view(np.uint64) ^ others.view(np.uint64)) >> kept == 0
        return same

    def find(self, ids: Longs) -> Places:
        """Those ids that the run may hold.

        Args:
            ids: in any order; sorted ones are faster.
        """
        bucket, rest = _split(ids, self.bits)
        low, high = self._start(bucket), self._start(bucket + 1)
        sizes = high - low
        usual = np.flatnonzero(sizes <= _USUAL)
        found = [_in_small(self._rests, rest[usual], low[usual], sizes[usual], usual)]
        found += [_in_large(self._rests, rest[at], low[at], high[at], at) for at in np.flatnonzero(sizes > _USUAL)]
        asked, first, end = (np.concatenate(part) for part in zip(*found, strict=True))
        order = np.argsort(asked, kind="stable")
        return Places(asked[order], first[order], end[order])

    def _start(self, bucket: Longs) -> Longs:
        return _on_line(self._exact, bucket) + self._offsets[bucket]


def _in_small(rests: Rests, rest: Rests, low: Longs, sizes: Longs, names: Longs) -> Places:
    """Looks at each id of the buckets: they are few, and this takes half the time of a search."""
    ends = np.cumsum(sizes)
    at = np.arange(ends[-1] if len(ends) else 0) + np.repeat(low - ends + sizes, sizes)
    same = np.flatnonzero(rests[at] == np.repeat(rest, sizes))
    owner, first, count = np.unique(np.searchsorted(ends, same, "right"), return_index=True, return_counts=True)
    return Places(names[owner], at[same[first]], at[same[first]] + count)


def _in_large(rests: Rests, rest: np.uint16, low: np.int64, high: np.int64, name: np.intp) -> Places:
    """Searches a bucket that holds many ids, which somebody made to have like hashes."""
    first, end = (low + np.searchsorted(rests[low:high], rest, side) for side in ("left", "right"))
    return Places(*(np.array([one] if first < end else [], np.int64) for one in (name, first, end)))


def _split(ids: Longs, bits: int) -> tuple[Longs, Rests]:
    """Each id's bucket and the two bytes behind it, both rising with the id."""
    rising = ids.view(np.uint64) ^ np.uint64(1 << 63)
    rest = (rising >> np.uint64(64 - bits - _REST_BITS)).astype(np.uint16)
    return (rising >> np.uint64(64 - bits)).astype(np.int64), rest


def _on_line(exact: Longs, bucket: Longs) -> Longs:
    """Where a bucket would begin if ids lay evenly between two exact places."""
    line = bucket >> _LINE_BITS
    low = exact[line]
    place: Longs = low + ((np.append(exact, exact[-1:])[line + 1] - low) * (bucket & (_LINE - 1)) >> _LINE_BITS)
    return place
