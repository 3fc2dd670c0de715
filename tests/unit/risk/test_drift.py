"""Drift: the index against values worked out by hand, bins at their edges, and a window that forgets."""

from collections import Counter
from math import isnan, log, nan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acude.risk import drift
from acude.risk.decision import Decision, Reason, Verdict
from acude.risk.drift import LEAST_SHARE, Bins, DriftError, RecentCounts, Reference, bin_of, edges, psi, spread
from acude.risk.rules import json_bytes
from tests.unit.risk.pasts import NOON


@pytest.mark.parametrize(
    ("expected", "actual", "index"),
    [
        pytest.param([0.5, 0.5], [0.5, 0.5], 0.0, id="the same"),
        # 0.1 ln 1.2 + (-0.1) ln 0.8
        pytest.param([0.5, 0.5], [0.6, 0.4], 0.0182322 + 0.0223144, id="a tenth moved"),
        # 0.25 ln 2 + (-0.25) ln 0.5
        pytest.param([0.25, 0.5, 0.25], [0.5, 0.25, 0.25], 0.1732868 + 0.1732868, id="a quarter moved"),
        # 0.1 ln(0.3/0.2) + 0.2 ln(0.5/0.3) - 0.3 ln(0.2/0.5)
        pytest.param([0.2, 0.3, 0.5], [0.3, 0.5, 0.2], 0.0405465 + 0.1021651 + 0.2748872, id="three bins"),
        # An empty bin counts as 0.0001: 0.4999 ln 5000 twice over.
        pytest.param([1.0, 0.0], [0.5, 0.5], 0.5 * log(2) + 0.4999 * log(5000), id="a bin that was empty"),
    ],
)
def test_the_index_is_the_one_worked_out_by_hand(expected: list[float], actual: list[float], index: float) -> None:
    assert psi(expected, actual) == pytest.approx(index, abs=1e-6)
    assert psi(actual, expected) == pytest.approx(index, abs=1e-6), "it has no direction"


shares = st.lists(st.integers(0, 1_000), min_size=2, max_size=12).filter(any)


@given(
    st.integers(2, 12).flatmap(
        lambda size: st.tuples(*[st.lists(st.integers(0, 999), min_size=size, max_size=size)] * 2)
    )
)
def test_the_index_is_never_negative_and_grows_from_nothing_only_with_a_difference(
    counts: tuple[list[int], list[int]],
) -> None:
    first, second = (tuple(one / max(1, sum(side)) for one in side) for side in counts)
    index = psi(first, second)
    assert index >= 0
    moved = max(abs(max(a, LEAST_SHARE) - max(b, LEAST_SHARE)) for a, b in zip(first, second, strict=True))
    assert (index > 0) == (moved > 0)


@given(shares, st.integers(1, 50))
def test_equal_spreads_have_an_index_of_nothing_however_many_payments_they_are(counts: list[int], times: int) -> None:
    values = [float(place) for place, count in enumerate(counts) for _ in range(min(count, 20))] or [0.0]
    limits = edges(np.array(values, np.float32))
    reference = Reference(desde=NOON, ate=NOON, pagamentos=len(values), entradas={"x": spread(limits, Counter(values))})
    window = RecentCounts(reference)
    for value in values * min(times, 5):
        window.add({"x": value}, 0)
    assert window.indices(0, least=1)["x"][1] == pytest.approx(0, abs=1e-12)


@given(st.lists(st.floats(-100, 100, width=32) | st.just(nan), min_size=1, max_size=200))
def test_every_value_has_one_bin_and_no_bin_of_known_values_was_empty(values: list[float]) -> None:
    limits = edges(np.array(values, np.float32))
    found = spread(limits, Counter(np.array(values, np.float32).tolist()))
    assert sum(found.partes) == pytest.approx(1)
    if not all(map(isnan, values)):
        assert min(found.partes[:-1]) > 0
    assert found.partes[-1] == pytest.approx(sum(map(isnan, values)) / len(values))


@pytest.mark.parametrize(
    ("value", "number"),
    [(-5.0, 0), (0.0, 0), (0.1, 1), (1.0, 1), (1.1, 2), (1e9, 2), (nan, 3)],
)
def test_a_value_belongs_to_the_first_bin_whose_edge_is_not_below_it(value: float, number: int) -> None:
    assert bin_of((0.0, 1.0), value) == number


def test_a_shift_of_a_normal_spread_is_found() -> None:
    rng = np.random.default_rng(0)
    before, same, shifted = (rng.normal(mean, 1, 20_000).astype(np.float32) for mean in (0, 0, 0.5))
    limits = edges(before)
    reference = spread(limits, Counter(before.tolist())).partes
    assert psi(reference, spread(limits, Counter(same.tolist())).partes) < 0.01
    # Jeffreys' divergence of two normal spreads that lie d deviations apart is d squared.
    assert psi(reference, spread(limits, Counter(shifted.tolist())).partes) == pytest.approx(0.25, abs=0.03)


REFERENCE = Reference(
    desde=NOON,
    ate=NOON,
    pagamentos=4,
    entradas={"valor": Bins((10.0, 20.0), (0.5, 0.25, 0.25, 0.0)), "outra": Bins((), (1.0, 0.0))},
)


def test_a_window_forgets_what_is_older_than_itself() -> None:
    window = RecentCounts(REFERENCE, length_s=60, slices=6)
    for second, value in ((0, 5.0), (9, 15.0), (35, 25.0), (59, nan)):
        window.add({"valor": value, "outra": 1.0}, second)
    assert window.counted(59)["valor"] == [1, 1, 1, 1]
    assert window.counted(60)["valor"] == [0, 0, 1, 1]
    assert window.counted(200)["valor"] == [0, 0, 0, 0]


def test_few_payments_say_nothing() -> None:
    window = RecentCounts(REFERENCE)
    for _ in range(9):
        window.add({"valor": 5.0}, 0)
    assert window.indices(0, least=10) == {}
    window.add({"valor": 5.0}, 0)
    total, index = window.indices(0, least=10)["valor"]
    assert (total, index > 0.25) == (10, True)
    assert "outra" not in window.indices(0, least=10), "it was never seen"


def test_scores_and_signals_are_inputs_too() -> None:
    decision = Decision(Verdict.REVIEW, 0.55, (Reason("VALOR_ALTO", 0.1),), "1", "nenhum")
    found = drift.observed(("a", "b"), np.array([1, np.nan], np.float32), decision)
    assert (found["a"], isnan(found["b"]), found["pontuacao"]) == (1, True, 0.55)
    assert (found["sinal_valor_alto"], found["sinal_muitos_estornos"]) == (1, 0)
    bins = drift.of_decisions({0.0: 2, 0.55: 1, 1.0: 1}, {"VALOR_ALTO": 1})
    assert bins["pontuacao"].partes == (0.5, 0, 0, 0, 0, 0, 0.25, 0, 0, 0, 0.25, 0)
    assert bins["sinal_valor_alto"].partes == (0.75, 0.25, 0)
    assert set(bins) <= found.keys()


def test_a_reference_is_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "referencia.json"
    path.write_bytes(json_bytes(REFERENCE))
    assert drift.read(path) == REFERENCE


@pytest.mark.parametrize(("good", "bad"), [("20.0", "5.0"), ("0.25,", ""), ('"desde"', '"de"'), ("{", "")])
def test_a_reference_that_was_changed_is_refused_with_its_file(tmp_path: Path, good: str, bad: str) -> None:
    path = tmp_path / "referencia.json"
    path.write_text(json_bytes(REFERENCE).decode().replace(good, bad, 1))
    with pytest.raises(DriftError, match=r"referencia\.json"):
        drift.read(path)
