"""Named keys of backups and of the audit log: a new one takes an old one's place, and what that made stays readable."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from acude.errors import AcudeError

_NAME: Final = re.compile(r"k([1-9][0-9]{0,5})")
_LEAST_LENGTH: Final = 32
_DRAWN_BYTES: Final = 32


@dataclass(frozen=True)
class Key:
    """One key; of backups, what encrypts is derived from it, never the key itself.

    Attributes:
        name: k1, k2, …
        secret: at least 32 characters of good randomness.
    """

    name: str
    secret: str = field(repr=False)

    @property
    def number(self) -> int:
        """The name's number; a newer key has a higher one."""
        return int(self.name.removeprefix("k"))


@dataclass(frozen=True)
class KeyRing:
    """All keys at hand, the newest first: it makes what is new, all of them read."""

    keys: Sequence[Key]

    @classmethod
    def parse(cls, text: str, setting: str = "ACUDE_BACKUP_KEYS") -> Self:
        """Reads `name:key,name:key`; the setting is named where something is wrong.

        Raises:
            AcudeError: there is no key, a name stands twice or is no name, or a key is too short.

        >>> KeyRing.parse("k2:" + "b" * 32 + ",k1:" + "a" * 32).names
        'k2, k1'
        """
        keys = [Key(*part.strip().partition(":")[::2]) for part in text.split(",") if part.strip()]
        names = {key.name for key in keys}
        good = [key for key in keys if _NAME.fullmatch(key.name) and len(key.secret) >= _LEAST_LENGTH]
        if not keys:
            raise AcudeError(f"{setting} has no key.", f"`acude up` draws one; or set {setting}=k1:key.")
        if good != keys or len(names) != len(keys):
            raise AcudeError(
                f"{setting} can't be read.",
                f"It is `k2:key,k1:key`, the newest first, each key {_LEAST_LENGTH} characters or more.",
            )
        return cls(keys)

    @classmethod
    def joined(cls, text: str, other: str) -> "KeyRing":
        """The keys of both, the newest first; one is drawn where there is none.

        Of two keys of one name the first text's counts.

        >>> a, b = "a" * 32, "b" * 32
        >>> KeyRing.joined(f"k1:{a}", f"k2:{b},k1:{b}").text() == f"k2:{b},k1:{a}"
        True
        """
        rings = [cls.parse(one).keys for one in (other, text) if one]
        keys = {key.name: key for ring in rings for key in ring} or {"k1": draw("k1")}
        return cls(sorted(keys.values(), key=lambda key: -key.number))

    @property
    def newest(self) -> Key:
        """The key that new backups are made with."""
        return self.keys[0]

    @property
    def names(self) -> str:
        """What the keys are called, for messages."""
        return ", ".join(key.name for key in self.keys)

    def rotated(self) -> "KeyRing":
        """A freshly drawn key before these."""
        highest = max(key.number for key in self.keys)
        return KeyRing([draw(f"k{highest + 1}"), *self.keys])

    def text(self) -> str:
        """What `parse` reads."""
        return ",".join(f"{key.name}:{key.secret}" for key in self.keys)


def draw(name: str) -> Key:
    """A new random key of 256 bits."""
    return Key(name, secrets.token_urlsafe(_DRAWN_BYTES))
