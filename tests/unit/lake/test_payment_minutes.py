"""Which minutes are counted again, and what becomes of an hour's rows."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from acude.lake.payment_minutes import MINUTE, by_hour, renewed, spans

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
minutes = st.sets(st.integers(0, 3_000).map(lambda number: NOON + number * MINUTE), max_size=60)


@given(minutes)
def test_every_minute_lies_in_a_span_and_spans_do_not_touch(wanted: set[datetime]) -> None:
    found = spans(wanted)
    covered = {begin + number * MINUTE for begin, end in found for number in range((end - begin) // MINUTE)}
    assert wanted <= covered
    assert all(one.end < other.begin for one, other in pairwise(found))
    assert len(found) <= 24
    if len(found) > 1:
        assert covered == wanted


def test_many_scattered_minutes_are_one_span() -> None:
    found = spans(NOON + number * 2 * MINUTE for number in range(25))
    assert [(one.begin, one.end) for one in found] == [(NOON, NOON + 49 * MINUTE)]


def test_minutes_belong_to_their_utc_hour() -> None:
    elsewhere = timezone(timedelta(hours=5, minutes=30))
    found = by_hour([NOON.astimezone(elsewhere), NOON - MINUTE, NOON + 59 * MINUTE])
    assert found == {NOON - 60 * MINUTE: [NOON - MINUTE], NOON: [NOON, NOON + 59 * MINUTE]}


def rows(*of: tuple[int, str, int]) -> pa.Table:
    kind = pa.schema([("janela_inicio", pa.timestamp("us", tz="UTC")), ("uf", pa.string()), ("n", pa.int64())])
    return pa.Table.from_pylist(
        [{"janela_inicio": NOON + minute * MINUTE, "uf": uf, "n": number} for minute, uf, number in of], kind
    )


def test_of_a_minute_that_was_counted_again_no_former_row_stays() -> None:
    before = rows((0, "SP", 1), (1, "RJ", 2), (1, "SP", 3))
    after = renewed(before, {NOON + MINUTE, NOON + 2 * MINUTE}, rows((1, "SP", 4)), ["janela_inicio", "uf"])
    assert after.equals(rows((0, "SP", 1), (1, "SP", 4)))


def test_the_same_again_gives_the_same_rows_in_the_same_order() -> None:
    before = rows((0, "AC", 1), (0, "SP", 2), (1, "SP", 3))
    again = renewed(before, {NOON}, rows((0, "SP", 2), (0, "AC", 1)), ["janela_inicio", "uf"])
    assert again.equals(before)
