"""The nightly backup of the databases."""

from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from acude.settings import settings


def back_up() -> dict[str, Any]:
    """Makes a backup, and removes all but the newest ones.

    Returns:
        The backup's name, its rows by database, and the names of those that were removed.

    Raises:
        AirflowSkipException: no server to back up, or no key for backups is set.
        BackupError: PostgreSQL or S3 doesn't answer, or refuses.
    """
    from acude.backup import server  # noqa: PLC0415 - imports Tink and the client of PostgreSQL
    from acude.backup.create import create  # noqa: PLC0415
    from acude.backup.prune import prune  # noqa: PLC0415

    config = settings()
    if not server.is_set_up(config):
        raise AirflowSkipException("No backups are set up: set ACUDE_BACKUP_KEYS, and ACUDE_BACKUP_DSN for a server")
    made = create(config, lambda *_: None)
    removed = prune(config, config.backup_kept)
    return {"backup": made.id, "rows": {one.banco: one.linhas for one in made.bancos}, "removed": removed}
