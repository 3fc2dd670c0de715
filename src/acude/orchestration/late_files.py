"""Which days have to run that the schedule won't run: those with late sales, and those that it has missed."""

from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from acude.inbox import files as inbox
from acude.inbox.errors import InboxError
from acude.lake import run_records
from acude.orchestration.runs import DAY
from acude.settings import settings


def runs_to_start(today: date) -> list[dict[str, Any]]:
    """A run of `vendas_diarias` for each of these days, as arguments of a TriggerDagRunOperator.

    The run's id holds a hash of the files, so that the same files start one run only.
    """
    missed = [(day, f"falta__{day}") for day in missed_days(today)]
    changed = [(day, f"arquivo__{day}__{_version(day)}") for day in inbox.changed_days(until=today)]
    return [{"conf": {DAY: day.isoformat()}, "trigger_run_id": name} for day, name in missed + changed]


def missed_days(today: date) -> list[date]:
    """Closed days without a run since the first that ran: the DAG was paused, or the machine was off.

    Days of the last `inbox.WINDOW` only; yesterday is the schedule's own.
    """
    last = today - timedelta(days=2)
    ran = list(run_records.days_between("inbox", today - inbox.WINDOW, last))
    if not ran:
        return []
    since = [ran[0] + timedelta(days=number) for number in range((last - ran[0]).days + 1)]
    return [day for day in since if day not in ran]


def export_again(today: date) -> list[str]:
    """Exports the last two closed days once more, for orders that the shop's database took after midnight.

    A day without a change writes nothing, so nothing runs again because of it.

    Returns:
        The files that are new or changed.
    """
    from jobs.batch import exportar_vendas  # noqa: PLC0415 - imports Arrow

    days = [today - timedelta(days=back) for back in (2, 1)]
    done = [exportar_vendas.run(day) for day in days]
    return [f"{settings().inbox_bucket}/{one['file']}" for one in done if one["written"]]


def _version(day: date) -> str:
    try:
        seen = "".join(f"{file.key}{file.etag}" for file in inbox.files_of(day))
    except InboxError as problem:
        # The run will say what is wrong with the names.
        seen = str(problem)
    return sha256(seen.encode()).hexdigest()[:12]
