"""Drift: whether the inputs and the scores of today's payments are spread as when the reference was made.

The measure is the population stability index, PSI = sum over the bins of (a - e) ln(a / e), where e and a are the
shares of the reference and of today (N. Siddiqi, *Credit Risk Scorecards*, 2006, which calls less than 0.1 stable and
more than 0.25 a shift; it is the divergence of Jeffreys: Kullback and Leibler, 1951). By chance alone, with B bins, N
payments then and M now, it is about (B - 1)(1/N + 1/M) (B. Yurdakul, *Statistical Properties of Population Stability
Index*, Western Michigan University, 2018): with ten bins, many payments then and 1,000 now, 0.01.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import isnan, log
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from acude.errors import AcudeError
from acude.risk.decision import Decision
from acude.risk.signals import all_signals

BINS: Final = 10
SCORE: Final = "pontuacao"
SIGNAL_PREFIX: Final = "sinal_"

LEAST_SHARE: Final = 1e-4
"""An empty bin counts as this share: a logarithm of nothing would be endless."""

_SCORE_EDGES: Final = tuple(tenth / BINS for tenth in range(BINS))
_NO_OR_YES: Final = (0.0,)


class DriftError(AcudeError):
    """A reference file that can't be used; says which."""


class Bins(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one number is spread.

    Attributes:
        limites: ascending; a value is in the first bin whose edge is not below it, or in the one behind the last.
        partes: share of each bin, those of `limites`, the one behind, and last the one of missing values.
    """

    limites: tuple[float, ...]
    partes: tuple[float, ...]


class Reference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What today's payments are compared with: `referencia.json`.

    Attributes:
        desde: first moment of the payments that it was made from.
        ate: last moment.
        pagamentos: how many they were.
        entradas: bins by input; `sinal_…` is whether the signal fired, `pontuacao` the score, 0 to 1.
    """

    desde: datetime
    ate: datetime
    pagamentos: int
    entradas: dict[str, Bins]


def psi(expected: Sequence[float], actual: Sequence[float]) -> float:
    """The population stability index of two spreads over the same bins; never negative, 0 where they are equal.

    Args:
        expected: share of each bin in the reference.
        actual: the same, today.

    >>> round(psi([0.5, 0.5], [0.6, 0.4]), 4)
    0.0405
    """
    pairs = ((max(e, LEAST_SHARE), max(a, LEAST_SHARE)) for e, a in zip(expected, actual, strict=True))
    return sum((a - e) * log(a / e) for e, a in pairs)


def edges(values: npt.NDArray[np.float32]) -> tuple[float, ...]:
    """Edges between tenths of the values; fewer where many values are the same; none where all are missing.

    >>> edges(np.arange(1, 11, dtype=np.float32))
    (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0)
    >>> edges(np.array([0, 0, 0, 0, 5], np.float32))
    (0.0,)
    """
    known = np.sort(values[~np.isnan(values)])
    if not len(known):
        return ()
    places = np.arange(1, BINS) * len(known) / BINS
    found = np.unique(known[np.ceil(places).astype(int) - 1]).tolist()
    # Nothing lies behind the largest value: its bin is the open one.
    return tuple(one for one in found if one < known[-1])


def bin_of(limits: Sequence[float], value: float) -> int:
    """Number of the value's bin; the last one for a missing value.

    >>> [bin_of((1.0, 2.0), value) for value in (0.5, 1.0, 1.5, 9.0, float("nan"))]
    [0, 0, 1, 2, 3]
    """
    return len(limits) + 1 if isnan(value) else bisect_left(limits, value)


def spread(limits: tuple[float, ...], values: Mapping[float, int]) -> Bins:
    """How values are spread over the bins between the limits.

    Args:
        limits: ascending.
        values: each with how often it was found.
    """
    counts = [0] * (len(limits) + 2)
    for value, number in values.items():
        counts[bin_of(limits, value)] += number
    return Bins(limits, _shares(counts))


def of_inputs(names: Sequence[str], matrix: npt.NDArray[np.float32]) -> dict[str, Bins]:
    """Bins of the model's inputs, a column of the matrix each."""
    return {name: _of_input(column) for name, column in zip(names, matrix.T, strict=True)}


def _of_input(column: npt.NDArray[np.float32]) -> Bins:
    # NumPy's NaNs of one column are one value here.
    values, numbers = np.unique(column, return_counts=True)
    return spread(edges(column), dict(zip(values.tolist(), numbers.tolist(), strict=True)))


def of_decisions(scores: Mapping[float, int], fired: Mapping[str, int]) -> dict[str, Bins]:
    """Bins of the scores, and of whether each signal was among the reason codes.

    Args:
        scores: each score (0 to 1) with the number of its decisions.
        fired: number of decisions by reason code.
    """
    total = sum(scores.values())
    signals = {
        SIGNAL_PREFIX + signal.name: spread(_NO_OR_YES, {0.0: total - (found := fired.get(signal.code, 0)), 1.0: found})
        for signal in all_signals().values()
    }
    return signals | {SCORE: spread(_SCORE_EDGES, scores)}


def observed(names: Sequence[str], vector: npt.NDArray[np.float32], decision: Decision) -> dict[str, float]:
    """One payment's numbers under the names that a reference has."""
    codes = {reason.code for reason in decision.reasons}
    signals = {SIGNAL_PREFIX + one.name: float(one.code in codes) for one in all_signals().values()}
    return dict(zip(names, vector.tolist(), strict=True)) | signals | {SCORE: decision.score}


def read(path: Path) -> Reference:
    """A reference file.

    Raises:
        DriftError: it can't be read, it is none, or was changed by hand.
    """
    try:
        return decoded(path.read_bytes(), str(path))
    except OSError as problem:
        raise DriftError(f"{path}: it can't be read: {problem}") from problem


def decoded(content: bytes, place: str) -> Reference:
    """A reference.

    Raises:
        DriftError: it is none, or was changed by hand; the message has its place.
    """
    try:
        found = msgspec.json.decode(content, type=Reference)
    except msgspec.MsgspecError as problem:
        raise DriftError(f"{place}: expected a reference of `acude risk reference`: {problem}") from problem
    for name, bins in found.entradas.items():
        if len(bins.partes) != len(bins.limites) + 2 or list(bins.limites) != sorted(bins.limites):
            raise DriftError(f"{place}: {name}: expected ascending limites and two more partes; make it again")
    return found


class RecentCounts:
    """Counts of the last payments by bin, in slices of time of which the oldest is dropped.

    Args:
        reference: whose bins are counted.
        length_s: of the whole window.
        slices: how many slices it has.
    """

    def __init__(self, reference: Reference, length_s: float = 3_600, slices: int = 12) -> None:
        self.reference = reference
        self._slice_s = length_s / slices
        self._slices = slices
        self._counts: dict[int, dict[str, list[int]]] = {}

    def add(self, values: Mapping[str, float], now_s: float) -> None:
        """Counts a payment.

        Args:
            values: by input; what the reference doesn't have is left alone.
            now_s: the clock, seconds that only grow.
        """
        counts = self._slice(now_s)
        for name, bins in self.reference.entradas.items():
            if name in values:
                counts[name][bin_of(bins.limites, values[name])] += 1

    def _slice(self, now_s: float) -> dict[str, list[int]]:
        number = int(now_s // self._slice_s)
        if number not in self._counts:
            empty = {name: [0] * len(bins.partes) for name, bins in self.reference.entradas.items()}
            # A new dictionary: another thread may be reading the old one.
            self._counts = {**self._within(now_s), number: empty}
        return self._counts[number]

    def _within(self, now_s: float) -> dict[int, dict[str, list[int]]]:
        first = int(now_s // self._slice_s) - self._slices + 1
        return {number: counts for number, counts in self._counts.items() if number >= first}

    def counted(self, now_s: float) -> dict[str, list[int]]:
        """Payments of the window by input and bin."""
        slices = self._within(now_s).values()
        return {
            name: [sum(column) for column in zip(*(one[name] for one in slices), strict=True)] or [0] * len(bins.partes)
            for name, bins in self.reference.entradas.items()
        }

    def indices(self, now_s: float, least: int = 200) -> dict[str, tuple[int, float]]:
        """By input: payments counted, and their index; inputs with fewer than `least` payments are left out."""
        found = {}
        for name, counts in self.counted(now_s).items():
            if (total := sum(counts)) >= max(least, 1):
                found[name] = (total, psi(self.reference.entradas[name].partes, _shares(counts)))
        return found


def _shares(counts: Sequence[int]) -> tuple[float, ...]:
    total = sum(counts)
    return tuple(count / total if total else 0.0 for count in counts)
