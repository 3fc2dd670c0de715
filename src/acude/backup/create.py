"""Makes a backup."""

from contextlib import closing, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final
from urllib.parse import quote

from acude.backup import databases
from acude.backup.errors import BackupError
from acude.backup.manifest import Manifest, StoredDatabase, StoredFile
from acude.backup.programs import output
from acude.backup.progress import Report, watched
from acude.backup.storage import Storage, new_id
from acude.settings import Settings

ROLES: Final = "papeis"
"""What the server's roles are called beside the databases."""

_LOCK_WITHIN: Final = "60s"


def create(config: Settings, report: Report) -> Manifest:
    """Stores every database as it is at one moment, while others write, and the roles.

    Each database has a moment of its own. Nothing stays in S3 where it fails.

    Raises:
        BackupError: PostgreSQL or S3 doesn't answer, or refuses.
    """
    storage, owners = Storage(config), databases.owners(config)
    began = datetime.now(UTC)
    backup = _Backup(config, storage, new_id(began), report)
    try:
        manifest = Manifest(
            id=backup.id,
            criado_em=began,
            chave=storage.keys.newest.name,
            versao_acude=version("acude"),
            versao_servidor=databases.server_version(config),
            papeis=backup.roles(),
            bancos=[backup.database(name, owner) for name, owner in owners.items()],
            concluido_em=datetime.now(UTC),
        )
        storage.complete(manifest)
    except BaseException:
        with suppress(BackupError):
            storage.delete(backup.id)
        raise
    return manifest


class _Backup:
    """One backup while it is made."""

    def __init__(self, config: Settings, storage: Storage, backup_id: str, report: Report) -> None:
        self.id = backup_id
        self._config = config
        self._storage = storage
        self._report = report

    def roles(self) -> StoredFile:
        """Without passwords: those of acude's roles stand in the settings and are set at each start."""
        plain = ["--roles-only", "--no-role-passwords", "--no-comments", "--no-security-labels"]
        return self._output(ROLES, f"{ROLES}.sql", "pg_dumpall", plain)

    def database(self, name: str, owner: str) -> StoredDatabase:
        """A dump of the moment in which the rows were counted."""
        self._report(name, "counting", 0)
        with databases.moment(self._config, name) as moment:
            snapshot = ["--format=custom", f"--snapshot={moment.snapshot}", f"--lock-wait-timeout={_LOCK_WITHIN}"]
            file = f"{quote(name, safe='')}.pgdump"
            stored = self._output(name, file, "pg_dump", [*snapshot, databases.option(name)])
        return StoredDatabase(
            banco=name,
            dono=owner,
            instante=moment.at,
            tabelas=dict(moment.rows),
            versao_timescaledb=moment.timescaledb,
            **stored.model_dump(),
        )

    def _output(self, what: str, file: str, program: str, arguments: list[str]) -> StoredFile:
        """A program's output, encrypted on its way to S3: nothing readable touches a disk."""
        with closing(output(self._config, program, arguments)) as content:
            stored = self._storage.write(self.id, file, watched(content, self._report, what, "storing"))
        self._report(what, "stored", stored.tamanho)
        return stored
