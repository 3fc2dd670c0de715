"""Where reading goes on, and which gaps are told."""

from datetime import UTC, date, datetime, timedelta

import pytest

from acude.ingestion.gaps import Gap, start_behind, tell, told
from acude.kafka.topics import Held
from acude.reconciliation.sets import gap_rows
from acude.settings import settings

TOPIC = "leituras"
SAME, OTHER = {TOPIC: "a"}, {TOPIC: "b"}


@pytest.mark.parametrize(
    ("landed", "ids", "there", "start", "gap"),
    [
        (5, SAME, (0, 9), 5, None),
        (5, {}, (5, 5), 5, None),
        (5, SAME, (7, 9), 7, (5, 7)),
        (5, {}, (9, 9), 9, (5, 9)),
        (5, SAME, (0, 3), 3, (5, None)),
        (5, {}, (0, 3), 0, (5, None)),
        (5, OTHER, (0, 9), 0, (5, None)),
        (0, OTHER, (0, 9), 0, None),
    ],
    ids=[
        "all is there",
        "nothing waits",
        "retention",
        "retention, nothing left",
        "the broker lost its end",
        "made again, it seems",
        "made again",
        "made again before anything landed",
    ],
)
def test_reading_goes_on_with_what_is_left(
    landed: int, ids: dict[str, str], there: tuple[int, int], start: int, gap: tuple[int, int | None] | None
) -> None:
    first, end = there
    found = start_behind({(TOPIC, 0): landed}, ids, {TOPIC: Held("a", {0: first}, {0: end})})
    assert found.offsets == {(TOPIC, 0): start}
    assert found.gaps == ([Gap(topico=TOPIC, particao=0, de=gap[0], ate=gap[1])] if gap else [])


def test_a_new_partition_is_read_from_its_beginning_and_what_it_lost_is_told() -> None:
    held = {TOPIC: Held("a", {0: 0, 1: 0, 2: 4}, {0: 9, 1: 9, 2: 9})}
    found = start_behind({(TOPIC, 0): 5}, SAME, held)
    assert found.offsets == {(TOPIC, 0): 5, (TOPIC, 1): 0, (TOPIC, 2): 4}
    assert [str(gap) for gap in found.gaps] == ["leituras/2/0 to 3"]


def test_what_a_topic_lost_before_it_was_landed_at_all_is_no_gap() -> None:
    held = {TOPIC: Held("a", {0: 0}, {0: 9}), "novo": Held("c", {0: 40}, {0: 50})}
    assert start_behind({(TOPIC, 0): 5}, SAME, held).gaps == []
    assert start_behind({}, {}, held).offsets == {(TOPIC, 0): 0, ("novo", 0): 40}


@pytest.mark.usefixtures("bucket")
def test_a_gap_is_told_for_each_day_on_which_its_records_may_have_come_and_once_only() -> None:
    today = datetime.now(UTC)
    landed = today - timedelta(days=2)
    for _ in range(2):
        tell([Gap(topico=TOPIC, particao=0, de=5, ate=7)], landed, settings())

    def rows(day: date) -> list[tuple[int, tuple[str, ...]]]:
        return [(row.broken, row.examples) for row in gap_rows(settings(), day, day)]

    assert rows(landed.date()) == rows(today.date()) == [(2, ("leituras/0/5 to 6",))]
    assert rows(landed.date() - timedelta(days=1)) == []
    assert rows(today.date() + timedelta(days=1)) == []


@pytest.mark.usefixtures("bucket")
def test_a_gap_without_an_end_counts() -> None:
    tell([Gap(topico=TOPIC, particao=0, de=5, ate=None)], None, settings())
    today = datetime.now(UTC).date()
    assert [one.ate for one in told(today, today, settings())] == [None]
    assert [row.broken for row in gap_rows(settings(), today, today)] == [1]
