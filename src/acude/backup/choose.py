"""Which backup is meant, and what is there."""

from dataclasses import dataclass
from typing import Final

from acude.backup.errors import BackupError
from acude.backup.manifest import Manifest
from acude.backup.storage import Storage

LATEST: Final = "latest"


@dataclass(frozen=True)
class Listed:
    """A backup that lies in S3.

    Attributes:
        id: its name.
        manifest: None where it can't be opened or was never completed.
        problem: why; None where all is well.
        unfinished: it has no manifest, whether it is being made now or was given up.
    """

    id: str
    manifest: Manifest | None
    problem: str | None = None
    unfinished: bool = False


def listed(storage: Storage) -> list[Listed]:
    """Every backup, newest first."""
    return [_look(storage, backup_id) for backup_id in storage.ids()]


def chosen(storage: Storage, wanted: str) -> Manifest:
    """The manifest of the backup of this name, or of the newest complete one.

    Raises:
        BackupError: there is none, or it can't be opened. An older one never stands in silently for the newest.
    """
    for backup_id in storage.ids() if wanted == LATEST else [wanted]:
        found = storage.manifest(backup_id)
        if found:
            return found
    what = "no complete backup" if wanted == LATEST else f"no complete backup {wanted!r}"
    raise BackupError(
        f"There is {what} in bucket {storage.bucket}.",
        "`acude backup list` shows them, `acude backup create` makes one.",
    )


def _look(storage: Storage, backup_id: str) -> Listed:
    try:
        manifest = storage.manifest(backup_id)
    except BackupError as problem:
        return Listed(backup_id, None, problem.found)
    if manifest is None:
        return Listed(backup_id, None, "It was never completed, or is being made now.", unfinished=True)
    return Listed(backup_id, manifest)
