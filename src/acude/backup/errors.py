"""What can go wrong with a backup."""

from acude.errors import AcudeError


class BackupError(AcudeError):
    """A backup can't be made, read or brought back."""


class DamagedError(BackupError):
    """A stored backup isn't what was stored."""

    def __init__(self, found: str) -> None:
        super().__init__(found, "Take another one: `acude backup list` shows which there are.")


class WrongKeyError(BackupError):
    """A backup doesn't open with the keys at hand."""

    def __init__(self, found: str) -> None:
        super().__init__(found, "Put the key that it was made with into ACUDE_BACKUP_KEYS, as `name:key`.")
