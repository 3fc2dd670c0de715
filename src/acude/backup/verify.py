"""Proves that a backup can be brought back."""

from contextlib import suppress
from dataclasses import dataclass

from acude.backup import databases
from acude.backup.choose import chosen
from acude.backup.create import ROLES
from acude.backup.errors import BackupError
from acude.backup.keys import KeyRing
from acude.backup.load import Source, load
from acude.backup.manifest import Manifest, StoredDatabase
from acude.backup.progress import Report
from acude.backup.storage import Storage
from acude.settings import Settings


@dataclass(frozen=True)
class Verdict:
    """What became of one file; `problema` is None where it came back as it was stored."""

    banco: str
    tabelas: int
    linhas: int
    problema: str | None = None


def verify(config: Settings, wanted: str, report: Report) -> tuple[Manifest, list[Verdict]]:
    """Decrypts every file, loads each database into a scratch one, and compares its rows with the manifest's.

    The server's own databases aren't touched.

    Raises:
        BackupError: there is no such backup, its manifest can't be trusted, or a server doesn't answer.
    """
    keys = KeyRing.parse(config.backup_keys.get_secret_value())
    storage = Storage(config)
    manifest = chosen(storage, keys, wanted)
    source = Source(storage, manifest, keys)
    with databases.alone(config):
        verdicts = [_judge_roles(source)]
        verdicts += [_judge(config, source, one, report) for one in manifest.bancos]
    return manifest, verdicts


def _judge_roles(source: Source) -> Verdict:
    try:
        source.roles()
    except BackupError as problem:
        return Verdict(ROLES, 0, 0, problem.found)
    return Verdict(ROLES, 0, 0)


def _judge(config: Settings, source: Source, stored: StoredDatabase, report: Report) -> Verdict:
    scratch = f"acude_prova_{stored.banco}"
    problem = None
    try:
        load(config, source, stored, scratch, report, own=False)
    except BackupError as found:
        problem = found.found
    finally:
        with suppress(BackupError):
            databases.drop(config, scratch)
    report(stored.banco, "refused" if problem else "proved", stored.tamanho)
    return Verdict(stored.banco, len(stored.tabelas), sum(stored.tabelas.values()), problem)
