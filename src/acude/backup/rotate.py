"""Takes a new key for backups into use."""

from dotenv import dotenv_values

from acude.backup.errors import BackupError
from acude.backup_keys import Key, KeyRing
from acude.files import write_private
from acude.local.environment import local_env_path
from acude.settings import Settings, settings

_NAME = "ACUDE_BACKUP_KEYS"


def rotate(config: Settings) -> Key:
    """Draws a key and puts it before the others in ``var/local.env``.

    Returns:
        The new key.

    Raises:
        BackupError: the keys stand elsewhere.
    """
    path = local_env_path(config)
    present = config.backup_keys.get_secret_value()
    if dotenv_values(path).get(_NAME) != present or not present:
        raise BackupError(
            f"The keys of backups aren't those of {path}.",
            f"Put a new one first where {_NAME} is set, as `k2:key,k1:key`; the others stay behind it.",
        )
    ring = KeyRing.parse(present).rotated()
    lines = path.read_text().splitlines()
    changed = [f"{_NAME}={ring.text()}" if line.startswith(f"{_NAME}=") else line for line in lines]
    write_private(path, "\n".join(changed) + "\n")
    settings.cache_clear()
    return ring.newest
