"""The day of a run, as a table."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from airflow.utils.types import DagRunType

from acude.days import DayError
from acude.orchestration.runs import RunDayError, ThisTraining, day_of, days_of_events, require_known, training_of
from acude.orchestration.steps import needs_a_person

HOUR = timedelta(hours=1)
D1, D2, D3 = date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 3)
MIDNIGHT = datetime(2026, 11, 2, tzinfo=UTC)
LATER = datetime(2026, 11, 3, 10, 15, tzinfo=UTC)


def run(kind: str, begin: datetime | None, asked: datetime) -> SimpleNamespace:
    return SimpleNamespace(run_type=kind, data_interval_start=begin, run_after=asked)


@pytest.mark.parametrize(
    ("what", "of", "given", "period", "expected"),
    [
        ("schedule: its interval's day", run("scheduled", MIDNIGHT, LATER), None, None, D2),
        ("backfill: its interval's day, though run later", run("backfill", MIDNIGHT, LATER), None, None, D2),
        ("backfill: an empty form is no day", run("backfill", MIDNIGHT, LATER), "", None, D2),
        ("by hand with a day: that day", run("manual", MIDNIGHT, LATER), "2026-11-01", None, D1),
        ("by hand without a day or interval: yesterday", run("manual", None, LATER), None, None, D2),
        ("by hand with a logical date: its interval's day", run("manual", MIDNIGHT, LATER), None, None, D2),
        ("started by a DAG with a day: that day", run("operator_triggered", None, LATER), "2026-11-01", None, D1),
        ("the hour before midnight closes its own day", run("scheduled", LATER.replace(day=2, hour=23), MIDNIGHT),
         None, HOUR, D2),
        ("by hand in the first hour: the day before", run("manual", None, LATER.replace(hour=0)), None, HOUR, D2),
        ("by hand later: the same day", run("manual", None, LATER), None, HOUR, D3),
        ("an interval in another zone counts in UTC",
         run("scheduled", datetime(2026, 11, 1, 22, tzinfo=ZoneInfo("America/Sao_Paulo")), LATER), None, None, D2),
    ],
)  # fmt: skip
def test_the_day_of_a_run(
    what: str, of: SimpleNamespace, given: str | None, period: timedelta | None, expected: date
) -> None:
    assert (day_of(of, given, period=period) if period else day_of(of, given)) == expected, what


@pytest.mark.parametrize("kind", ["backfill", DagRunType.BACKFILL_JOB])
def test_a_backfill_with_a_day_in_its_form_is_refused_for_all_its_runs_would_write_that_day(kind: str) -> None:
    with pytest.raises(RunDayError, match="leave dia empty"):
        day_of(run(kind, MIDNIGHT, LATER), "2026-11-01")


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-13-01", "01/11/2026", "2026-11-01T00:00:00", "2026-02-30", "../2026-11-01", "None"]
)
def test_a_day_that_is_no_date_says_how_it_should_look(text: str) -> None:
    with pytest.raises(RunDayError, match="2026-11-01"):
        day_of(run("manual", None, LATER), text)


def test_a_misspelt_name_in_a_conf_is_refused() -> None:
    require_known({"dia": "2026-11-01"}, ["dia"])
    with pytest.raises(RunDayError, match=r"Dia.*knows only.*dia"):
        require_known({"dia": "2026-11-01", "Dia": "2026-11-02"}, ["dia"])


@pytest.mark.parametrize("text", ["2026-11-04", "2026-12-25", "9999-12-31", "0001-01-01"])
def test_a_day_that_has_not_begun_is_refused_before_anything_runs(text: str) -> None:
    with pytest.raises(DayError, match=text) as caught:
        day_of(run("manual", None, LATER), text)
    assert needs_a_person(caught.value)
    with pytest.raises(DayError, match=text):
        days_of_events([{"dia": "2026-11-02"}, {"dia": text}], D3)


def test_today_is_a_day_that_has_begun() -> None:
    assert day_of(run("manual", None, LATER), "2026-11-03") == D3


def test_an_interval_of_the_future_is_refused() -> None:
    with pytest.raises(DayError, match="2026-11-03"):
        day_of(run("manual", LATER, MIDNIGHT), None)


def test_one_run_of_several_events_is_about_each_of_their_days_once() -> None:
    events = [{"dia": "2026-11-02"}, {"dia": "2026-11-01"}, {}, {"dia": "2026-11-02"}]
    assert days_of_events(events, D3) == [D1, D2]


def test_a_training_leaves_each_fraud_a_week_to_come_to_light() -> None:
    monday = datetime(2026, 11, 2, 5, tzinfo=UTC)
    week = SimpleNamespace(run_after=LATER + 5 * HOUR * 24, data_interval_start=monday, run_type="scheduled")
    week.data_interval_end = monday + timedelta(days=7)
    sunday = date(2026, 11, 1)
    for kind in ("scheduled", "backfill"):
        week.run_type = kind
        found = training_of(week, "r", None, 28)
        assert found == ThisTraining("r", date(2026, 10, 5), sunday, week.data_interval_end), "whenever it runs"
    by_hand = SimpleNamespace(
        run_after=monday + timedelta(days=7), data_interval_start=None, data_interval_end=None, run_type="manual"
    )
    assert training_of(by_hand, "r", None, 1) == ThisTraining("r", sunday, sunday, by_hand.run_after)
    assert training_of(by_hand, "r", "2026-11-09", 2)[1:3] == (date(2026, 11, 8), date(2026, 11, 9))
