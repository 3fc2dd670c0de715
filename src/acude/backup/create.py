"""Makes a backup."""

from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final

from acude.backup import databases
from acude.backup.chunks import encrypt
from acude.backup.errors import BackupError
from acude.backup.keys import Key, KeyRing
from acude.backup.manifest import Manifest, StoredDatabase, StoredFile
from acude.backup.programs import Output
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
    key = KeyRing.parse(config.backup_keys.get_secret_value()).newest
    backup = _Backup(config, key, report)
    try:
        manifest = backup.store()
        backup.storage.complete(manifest, key)
    except BaseException:
        with suppress(BackupError):
            backup.storage.delete(backup.id)
        raise
    return manifest


class _Backup:
    """One backup while it is made."""

    def __init__(self, config: Settings, key: Key, report: Report) -> None:
        self.began = datetime.now(UTC)
        self.id = new_id(self.began)
        self.storage = Storage(config)
        self._config = config
        self._key = key
        self._report = report

    def store(self) -> Manifest:
        """Stores all files, and says what they are."""
        server = databases.server_version(self._config)
        roles = self._roles()
        stored = [self._database(name, owner) for name, owner in databases.owners(self._config).items()]
        return Manifest(
            id=self.id,
            criado_em=self.began,
            concluido_em=datetime.now(UTC),
            chave=self._key.name,
            versao_acude=version("acude"),
            versao_servidor=server,
            papeis=roles,
            bancos=stored,
        )

    def _roles(self) -> StoredFile:
        """Without passwords: those of acude's roles stand in the settings and are set at each start."""
        plain = ["--roles-only", "--no-role-passwords", "--no-comments", "--no-security-labels"]
        return self._output(ROLES, f"{ROLES}.sql", "pg_dumpall", plain)

    def _database(self, name: str, owner: str) -> StoredDatabase:
        self._report(name, "counting", 0)
        with databases.moment(self._config, name) as moment:
            snapshot = ["--format=custom", f"--snapshot={moment.snapshot}", f"--lock-wait-timeout={_LOCK_WITHIN}"]
            stored = self._output(name, f"{name}.pgdump", "pg_dump", [*snapshot, f"--dbname={name}"])
        counted = dict(moment.rows)
        return StoredDatabase(banco=name, dono=owner, instante=moment.at, tabelas=counted, **stored.model_dump())

    def _output(self, what: str, file: str, program: str, arguments: list[str]) -> StoredFile:
        """A program's output, encrypted on its way to S3: nothing readable touches a disk."""
        with Output(self._config, program, arguments) as output:
            encrypted = encrypt(output, f"{self.id}/{file}", self._key)
            stored = self.storage.put(self.id, file, watched(encrypted, self._report, what, "storing"))
        self._report(what, "stored", stored.tamanho)
        return stored
