"""Brings databases back."""

from collections.abc import Sequence
from contextlib import suppress

from acude.backup import databases
from acude.backup.choose import chosen
from acude.backup.errors import BackupError
from acude.backup.load import Source, create_roles
from acude.backup.manifest import Manifest, StoredDatabase
from acude.backup.progress import Report
from acude.backup.storage import Storage
from acude.settings import Settings


def restore(
    config: Settings, wanted: str, names: Sequence[str], report: Report, *, overwrite: bool
) -> tuple[Manifest, list[StoredDatabase]]:
    """Brings databases back as they were, with owners and rights.

    All files are read to their end before the server is touched. Then each database is loaded beside what is there and
    counted; only when all are good do they take their names, in one transaction. Until then, and where anything fails,
    the server's databases stay what they were.

    Args:
        config: of the server.
        wanted: the backup's name, or `latest`.
        names: which databases; none: all.
        report: called with the progress.
        overwrite: whether databases that hold rows may be replaced. Clients connected to one are disconnected.

    Returns:
        The backup, and the databases that were brought back.

    Raises:
        BackupError: there is no such backup or database, or there is data in the way.
        DamagedError: the backup isn't what was stored.
    """
    storage = Storage(config)
    manifest = chosen(storage, wanted)
    stored = _named(manifest, names)
    source = Source(storage, manifest, report)
    with databases.alone(config):
        if not overwrite:
            for one in stored:
                _refuse_to_overwrite(config, one.banco)
        roles = source.roles()
        for one in stored:
            source.check(one)
        create_roles(config, roles)
        _bring_back(config, source, stored, report)
    return manifest, stored


def _bring_back(config: Settings, source: Source, stored: list[StoredDatabase], report: Report) -> None:
    """Loads the databases beside what is there, and then into place; nothing of them is left where that fails."""
    staged = {f"acude_restauro_{one.banco}": one for one in stored}
    try:
        for target, one in staged.items():
            source.load(config, one, target, own=True)
            databases.analyze(config, target)
            report(one.banco, "loaded", one.tamanho)
        databases.put_in_place(config, {target: one.banco for target, one in staged.items()})
    except BaseException:
        with suppress(BackupError):
            for target in staged:
                databases.drop(config, target)
        raise
    # Not before: a database whose jobs run can't be renamed.
    for one in stored:
        if one.versao_timescaledb:
            databases.resume_timescaledb(config, one.banco)


def _named(manifest: Manifest, names: Sequence[str]) -> list[StoredDatabase]:
    there = {one.banco: one for one in manifest.bancos}
    missing = [name for name in names if name not in there]
    if missing:
        raise BackupError(f"Backup {manifest.id} has no database {missing[0]!r}.", f"It has {', '.join(there)}.")
    return [there[name] for name in dict.fromkeys(names)] if names else list(there.values())


def _refuse_to_overwrite(config: Settings, database: str) -> None:
    table = databases.first_with_rows(config, database)
    if table:
        raise BackupError(
            f"Database {database} holds data: {table} has rows.",
            "Add --overwrite to put the backup's state in its place; nothing was changed yet.",
        )
