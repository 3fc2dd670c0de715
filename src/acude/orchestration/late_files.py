"""Sales that reached the inbox after their day was published: which days have to run again."""

from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from acude.inbox import files as inbox
from acude.inbox.errors import InboxError
from acude.orchestration.runs import DAY
from acude.settings import settings


def runs_to_start() -> list[dict[str, Any]]:
    """A run of `vendas_diarias` for each day whose files changed, as arguments of a TriggerDagRunOperator.

    The run's id holds a hash of the files, so that the same files start one run only.
    """
    return [
        {"conf": {DAY: day.isoformat()}, "trigger_run_id": f"arquivo__{day}__{_version(day)}"}
        for day in inbox.changed_days()
    ]


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
