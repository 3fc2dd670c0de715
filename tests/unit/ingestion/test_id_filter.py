"""The filter of a run: each id of the run is found at its place, whatever the ids are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acude.ingestion.id_filter import IdFilter, Longs

RNG = np.random.default_rng(5)
EVEN = np.sort(RNG.integers(-(2**63), 2**63, 50_000, dtype=np.int64))
CROWDED = np.sort(np.concatenate([EVEN, np.arange(3_000) + 2**40, np.full(500, -7)]))
LONGS = st.integers(-(2**63), 2**63 - 1)


def finds_all(run: Longs, ids: IdFilter) -> None:
    asked = np.unique(run)
    places = ids.find(asked)
    assert places.asked.tolist() == list(range(len(asked)))
    assert (places.first <= np.searchsorted(run, asked, "left")).all()
    assert (places.end >= np.searchsorted(run, asked, "right")).all()


@given(st.lists(LONGS, min_size=1, max_size=200))
def test_each_id_of_a_run_is_found_at_its_place(ids: list[int]) -> None:
    run = np.sort(np.array(ids, np.int64))
    finds_all(run, IdFilter.of(len(run), [run]))


@pytest.mark.parametrize("run", [EVEN, CROWDED], ids=["even", "crowded"])
def test_a_filter_that_is_made_part_by_part_and_written_finds_the_same(run: Longs) -> None:
    made = IdFilter.of(len(run), [run[:0], *np.array_split(run, 7)])
    content = b"".join(part.tobytes() for part in made.parts)
    assert len(content) == IdFilter.size(len(run), made.bits, made.width)
    finds_all(run, IdFilter.from_bytes(len(run), made.bits, made.width, content))


def test_ids_that_were_made_to_have_like_hashes_cost_width_and_nothing_else() -> None:
    assert (IdFilter.of(len(EVEN), [EVEN]).width, IdFilter.of(len(CROWDED), [CROWDED]).width) == (1, 8)


def test_a_filter_takes_less_than_three_bytes_an_id_and_seldom_errs() -> None:
    ids = IdFilter.of(len(EVEN), [EVEN])
    others = np.setdiff1d(RNG.integers(-(2**63), 2**63, 200_000, dtype=np.int64), EVEN)
    assert ids.nbytes < 3 * len(EVEN)
    assert len(ids.find(others).asked) < len(others) / 2_000


def test_the_parts_of_two_runs_that_are_cut_alike_hold_the_same_range() -> None:
    for run in (EVEN, CROWDED):
        cuts = IdFilter.of(len(run), [run]).cuts(3)
        bounds = np.arange(-(2**63), 2**63, 2**61, dtype=object)[1:].astype(np.int64)
        assert cuts.tolist() == [0, *np.searchsorted(run, bounds).tolist(), len(run)]
