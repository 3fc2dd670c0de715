"""Brings databases back."""

from collections.abc import Sequence
from contextlib import suppress

from acude.backup import databases
from acude.backup.choose import chosen
from acude.backup.errors import BackupError
from acude.backup.keys import KeyRing
from acude.backup.load import Source, create_roles, load
from acude.backup.manifest import Manifest, StoredDatabase
from acude.backup.progress import Report
from acude.backup.storage import Storage
from acude.settings import Settings


def restore(
    config: Settings, wanted: str, names: Sequence[str], report: Report, *, overwrite: bool
) -> tuple[Manifest, list[StoredDatabase]]:
    """Brings databases back as they were, with owners and rights.

    Each is loaded beside what is there, checked, and counted; only when all are good do they take their names, in one
    transaction. Until then, and where anything fails, the server's databases stay what they were.

    Args:
        config: of the server.
        wanted: the backup's name, or `latest`.
        names: which databases; none: all.
        report: told how far it is.
        overwrite: whether databases that hold rows may be replaced. Whoever is connected to one is disconnected.

    Returns:
        The backup, and the databases that were brought back.

    Raises:
        BackupError: there is no such backup or database, or there is data in the way.
        DamagedError: the backup isn't what was stored.
    """
    keys = KeyRing.parse(config.backup_keys.get_secret_value())
    storage = Storage(config)
    manifest = chosen(storage, keys, wanted)
    stored = _named(manifest, names)
    source = Source(storage, manifest, keys)
    with databases.alone(config):
        if not overwrite:
            for one in stored:
                _refuse_to_overwrite(config, one.banco)
        create_roles(config, source.roles())
        staged = {f"acude_restauro_{one.banco}": one for one in stored}
        try:
            for target, one in staged.items():
                load(config, source, one, target, report, own=True)
                databases.analyze(config, target)
                report(one.banco, "loaded", one.tamanho)
            databases.put_in_place(config, {target: one.banco for target, one in staged.items()})
        except BaseException:
            with suppress(BackupError):
                for target in staged:
                    databases.drop(config, target)
            raise
    return manifest, stored


def _named(manifest: Manifest, names: Sequence[str]) -> list[StoredDatabase]:
    if not names:
        return list(manifest.bancos)
    found = {name: manifest.database(name) for name in names}
    missing = [name for name, one in found.items() if one is None]
    if missing:
        raise BackupError(
            f"Backup {manifest.id} has no database {missing[0]!r}.",
            f"It has {', '.join(one.banco for one in manifest.bancos)}.",
        )
    return [one for one in found.values() if one]


def _refuse_to_overwrite(config: Settings, database: str) -> None:
    table = databases.first_with_rows(config, database)
    if table:
        raise BackupError(
            f"Database {database} holds data: {table} has rows.",
            "Add --overwrite to put the backup's state in its place; nothing was changed yet.",
        )
