"""Removes old backups."""

from datetime import UTC, datetime, timedelta
from typing import Final

from acude.backup.choose import listed
from acude.backup.storage import Storage, begun
from acude.settings import Settings

_UNFINISHED_FOR: Final = timedelta(days=1)
"""What is older and has no manifest isn't being made any more."""


def prune(config: Settings, keep: int, now: datetime | None = None) -> list[str]:
    """Removes all complete backups but the newest ones, and what failed ones have left behind.

    A backup whose manifest can't be opened is neither counted nor removed: it may be a forged one, made to push good
    ones out, or another version's.

    Args:
        config: names bucket and keys.
        keep: how many complete ones stay; at least 1.
        now: the present time.

    Returns:
        The names of those that were removed, newest first.
    """
    storage = Storage(config)
    all_ = listed(storage)
    old = [one.id for one in all_ if one.manifest][keep:]
    eldest = (now or datetime.now(UTC)) - _UNFINISHED_FOR
    abandoned = [one.id for one in all_ if one.unfinished and begun(one.id) < eldest]
    removed = sorted([*old, *abandoned], reverse=True)
    for backup_id in removed:
        storage.delete(backup_id)
    return removed
