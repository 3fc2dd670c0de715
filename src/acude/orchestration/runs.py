"""Which day a run is about. One rule for schedule, form, backfill and assets, so that day D writes D only."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from airflow.sdk import get_current_context

from acude.days import require_days
from acude.errors import AcudeError

DAY = "dia"
"""Name of the day in a DAG's form, in a run's conf, and in what an asset's event carries."""

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


class RunDayError(AcudeError):
    """A run whose day is unknown."""


class AboutRun(Protocol):
    """The attributes of a run that the rule reads; times are aware."""

    run_type: Any
    data_interval_start: datetime | None
    data_interval_end: datetime | None
    run_after: datetime


class ThisRun(NamedTuple):
    """The day a run is about, and its id, which names the attempt in the lake and in the warehouse's table of loads."""

    day: date
    run_id: str


def day_of(run: AboutRun, given: str | None, *, period: timedelta = _DAY) -> date:
    """The UTC day that a run is about.

    In this order: the day given in the form or conf; the day on which its interval begins (schedule, backfill, and a
    manual run with a logical date); the day of the last period that was over when the run was requested, which for a
    daily DAG means yesterday.

    Args:
        run: the DAG run.
        given: YYYY-MM-DD out of the form, None or empty where it was left empty.
        period: length of the DAG's interval.

    Raises:
        RunDayError: the given day is no date, or a backfill was given one.
        DayError: the day had not begun when the run was requested.
    """
    day = _asked_for(run, given, period)
    require_days(day, today=run.run_after.astimezone(UTC).date())
    return day


def _asked_for(run: AboutRun, given: str | None, period: timedelta) -> date:
    if given:
        if str(getattr(run.run_type, "value", run.run_type)) == "backfill":
            raise RunDayError(
                f"A backfill takes each run's day from its interval, but its form says {DAY}={given}: "
                f"leave {DAY} empty and choose the days by the backfill's dates"
            )
        return read_day(given)
    begin = run.data_interval_start or run.run_after - period
    return begin.astimezone(UTC).date()


def read_day(text: str) -> date:
    """A day from the form.

    Raises:
        RunDayError: it isn't YYYY-MM-DD.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as problem:
        raise RunDayError(f"{DAY} should be a date like 2026-11-01, found {text!r}") from problem


def days_of_events(events: Iterable[Mapping[str, Any]], today: date) -> list[date]:
    """The days that assets' events are about, ascending and each once: Airflow makes one run of several events.

    Args:
        events: the `extra` of each event; anybody may send one through Airflow's API.
        today: UTC day on which the run was requested.

    Raises:
        RunDayError: a day is no date.
        DayError: a day had not begun then.
    """
    days = sorted({read_day(str(extra[DAY])) for extra in events if extra.get(DAY)})
    require_days(*days, today=today)
    return days


def require_known(conf: Iterable[str], form: Iterable[str]) -> None:
    """Refuses a conf with a name that the form lacks: a misspelt day would run yesterday.

    Raises:
        RunDayError: names the unknown ones and the form's.
    """
    if unknown := set(conf) - set(form):
        raise RunDayError(f"The conf has {sorted(unknown)}, but the form knows only {sorted(form)}: correct the name")


def this_run(period: timedelta = _DAY) -> ThisRun:
    """Day and id of the run whose task calls this."""
    context = get_current_context()
    run = context["dag_run"]
    require_known(run.conf or (), context["params"])
    return ThisRun(day_of(run, context["params"].get(DAY), period=period), run.run_id)


def event_days() -> list[date]:
    """The days of the asset events that started the run whose task calls this; empty where none did."""
    context = get_current_context()
    extras = (event.extra or {} for found in context["triggering_asset_events"].values() for event in found)
    return days_of_events(extras, context["dag_run"].run_after.astimezone(UTC).date())


def this_params() -> dict[str, Any]:
    """The form's values of the run whose task calls this."""
    return dict(get_current_context()["params"])


class ThisTraining(NamedTuple):
    """What a run learns from: its id, first and last UTC day, and the moment after which nothing is looked at."""

    run_id: str
    first: date
    last: date
    known_at: datetime


def training_of(run: AboutRun, run_id: str, given: str | None, days: int) -> ThisTraining:
    """The training of a weekly run; a task that is repeated or cleared looks at the same.

    With a day in the form that is the last one, and what was known when the run was requested counts. Otherwise the
    last one is that before the week's interval, so that each fraud had seven days, the interval, to come to light.

    Args:
        run: the DAG run.
        run_id: its id.
        given: YYYY-MM-DD out of the form, None or empty where it was left empty.
        days: how many days are learnt from.

    Raises:
        RunDayError: as `day_of`.
        DayError: as `day_of`.
    """
    last = day_of(run, given, period=_WEEK)
    known_at = run.run_after if given else run.data_interval_end or run.run_after
    if not given:
        last -= _DAY
    return ThisTraining(run_id, last - (days - 1) * _DAY, last, known_at.astimezone(UTC))


def this_training() -> ThisTraining:
    """The training of the run whose task calls this."""
    context = get_current_context()
    run, form = context["dag_run"], context["params"]
    return training_of(run, run.run_id, form.get(DAY), int(form["dias"]))
