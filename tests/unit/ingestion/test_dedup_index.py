"""The index of known events tells repeats from first arrivals, across batches and reruns."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from acude.ingestion.dedup_index import DedupIndex
from acude.ingestion.recent_ids import Arrivals, Longs, pack, unpack

Row = tuple[int, int, int]


def arrivals(rows: list[Row], until: int = 0) -> Arrivals:
    """Rows of (id, content, offset) on partition 0."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return Arrivals(columns[:, 0], columns[:, 1], columns[:, 2], np.full(len(columns), until, dtype=np.int32))


def taken(*moments: int) -> Longs:
    return np.array(moments, dtype=np.int64)


def outcomes(known: DedupIndex, rows: list[Row], moments: list[int] | None = None) -> list[str]:
    repeats = known.find_duplicates(arrivals(rows), taken(*(moments or [0] * len(rows))))
    words = np.where(repeats.duplicate, "repeat", np.where(repeats.contradictory, "contradicts", "first"))
    return [str(word) for word in words]


def test_what_the_broker_took_first_is_the_first_wherever_it_lies() -> None:
    rows = [(1, 7, 10), (1, 8, 12), (2, 7, 11)]
    assert outcomes(DedupIndex(), rows, [3_000, 0, 9_000]) == ["contradicts", "first", "first"]


def test_of_one_moment_the_lowest_offset_of_a_batch_is_the_first() -> None:
    assert outcomes(DedupIndex(), [(1, 7, 12), (1, 7, 10), (2, 7, 11)]) == ["repeat", "first", "first"]


def test_an_id_with_another_content_contradicts() -> None:
    assert outcomes(DedupIndex(), [(1, 7, 10), (1, 8, 11), (1, 7, 12)]) == ["first", "contradicts", "repeat"]


def test_an_earlier_batch_wins_even_over_a_lower_offset() -> None:
    known = DedupIndex()
    outcomes(known, [(1, 7, 10)])
    assert outcomes(known, [(1, 7, 3)]) == ["repeat"]


def test_a_batch_that_runs_again_does_not_take_its_own_rows_for_repeats() -> None:
    known, rows = DedupIndex(), [(1, 7, 10), (2, 7, 11), (1, 7, 12)]
    first = outcomes(known, rows)
    assert outcomes(known, rows) == first == ["first", "first", "repeat"]


def test_a_repeat_names_the_first_arrivals_coordinate() -> None:
    known = DedupIndex()
    coordinates = pack(np.array([3], dtype=np.int32), np.array([99], dtype=np.int64), np.array([5]))
    ids, contents, until = (np.array([value]) for value in (1, 7, 0))
    known.add(Arrivals(ids, contents, coordinates, until.astype(np.int32)))
    topic, partition, offset = unpack(known.find_duplicates(arrivals([(1, 7, 5)]), taken(0)).originals)
    assert (topic[0], partition[0], offset[0]) == (5, 3, 99)


def test_an_id_is_known_until_its_last_day_and_new_the_day_after() -> None:
    known = DedupIndex()
    known.forget(100)
    known.find_duplicates(arrivals([(1, 7, 10)], until=107), taken(0))
    known.forget(107)
    assert outcomes(known, [(1, 7, 11)]) == ["repeat"]
    known.forget(108)
    assert len(known) == 0
    assert outcomes(known, [(1, 7, 12)]) == ["first"]


@given(st.lists(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 2)), max_size=30), max_size=8))
def test_it_agrees_with_a_plain_dictionary(batches: list[list[tuple[int, int]]]) -> None:
    known, offset = DedupIndex(), 0
    seen: dict[int, tuple[int, int]] = {}
    for batch in batches:
        rows = [(key, content, offset + i) for i, (key, content) in enumerate(batch)]
        offset += len(rows)
        expected = []
        for key, content, at in rows:
            first = seen.setdefault(key, (content, at))
            expected.append("first" if first[1] == at else "repeat" if first[0] == content else "contradicts")
        assert outcomes(known, rows) == expected
    assert len(known) == len(seen)
