"""Proves that a backup can be brought back."""

from contextlib import suppress
from dataclasses import dataclass

from acude.backup import databases
from acude.backup.choose import chosen
from acude.backup.create import ROLES
from acude.backup.errors import BackupError
from acude.backup.load import Source
from acude.backup.manifest import Manifest, StoredDatabase
from acude.backup.progress import Report
from acude.backup.storage import Storage
from acude.settings import Settings


@dataclass(frozen=True)
class Verified:
    """What became of one file; `problema` is None where it came back as it was stored."""

    banco: str
    tabelas: int
    linhas: int
    problema: str | None = None


def verify(config: Settings, wanted: str, report: Report) -> tuple[Manifest, list[Verified]]:
    """Decrypts every file, loads each database into a scratch one, and compares its rows with the manifest's.

    The server's own databases aren't touched.

    Raises:
        BackupError: there is no such backup, its manifest can't be opened, or a server doesn't answer.
    """
    storage = Storage(config)
    manifest = chosen(storage, wanted)
    source = Source(storage, manifest, report)
    with databases.alone(config):
        found = [_roles(source)]
        found += [_database(config, source, one, report) for one in manifest.bancos]
    return manifest, found


def _roles(source: Source) -> Verified:
    try:
        source.roles()
    except BackupError as problem:
        return Verified(ROLES, 0, 0, problem.found)
    return Verified(ROLES, 0, 0)


def _database(config: Settings, source: Source, stored: StoredDatabase, report: Report) -> Verified:
    scratch = f"acude_prova_{stored.banco}"
    problem = None
    try:
        source.load(config, stored, scratch, own=False)
    except BackupError as found:
        problem = found.found
    finally:
        with suppress(BackupError):
            databases.drop(config, scratch)
    report(stored.banco, "refused" if problem else "proved", stored.tamanho)
    return Verified(stored.banco, len(stored.tabelas), stored.linhas, problem)
