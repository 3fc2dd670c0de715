"""What a backup says about itself: readable by everybody, signed with the backup's key."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from acude.backup.errors import DamagedError, WrongKeyError
from acude.backup.keys import Key, KeyRing

FORMAT: Final = 1


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StoredFile(_Part):
    """One encrypted file: its name in the backup's folder, size in bytes and SHA-256, as they lie in S3."""

    arquivo: str
    tamanho: int
    sha256: str


class StoredDatabase(StoredFile):
    """A database as it was at one moment.

    Attributes:
        banco: its name.
        dono: the role that owns it.
        instante: the server's clock when the dump's snapshot was taken.
        tabelas: rows of each table, by schema.table, counted in the same snapshot.
    """

    banco: str
    dono: str
    instante: datetime
    tabelas: dict[str, int]


class Manifest(_Part):
    """A whole backup. `papeis` is the file with the server's roles, without passwords."""

    formato: Literal[1] = FORMAT
    id: str
    criado_em: datetime
    concluido_em: datetime
    chave: str
    versao_acude: str
    versao_servidor: str
    papeis: StoredFile
    bancos: Sequence[StoredDatabase]

    @property
    def size(self) -> int:
        """Bytes in S3 without the manifest."""
        return self.papeis.tamanho + sum(one.tamanho for one in self.bancos)

    def database(self, name: str) -> StoredDatabase | None:
        """The database of this name."""
        return next((one for one in self.bancos if one.banco == name), None)

    def signed(self, key: Key) -> bytes:
        """The manifest as it is stored."""
        fields = self.model_dump(mode="json")
        document = {"manifesto": fields, "autenticacao": _signature(fields, key)}
        return json.dumps(document, ensure_ascii=False, indent=2).encode()

    @classmethod
    def read(cls, stored: bytes, expected_id: str, keys: KeyRing) -> "Manifest":
        """The manifest, after its signature was checked.

        Raises:
            WrongKeyError: its key isn't at hand, or another key has its name.
            DamagedError: it was changed, or is another backup's.
        """
        name = f"The manifest of {expected_id}"
        try:
            document = json.loads(stored)
            fields, signature = document["manifesto"], document["autenticacao"]
            key = keys.named(str(fields["chave"]))
            good = hmac.compare_digest(str(signature), _signature(fields, key))
        except (ValueError, KeyError, TypeError):
            raise DamagedError(f"{name} can't be read.") from None
        if not good:
            raise WrongKeyError(f"{name} was changed, or the key {key.name!r} at hand isn't the one it was made with.")
        try:
            found = cls.model_validate(fields)
        except ValidationError:
            raise DamagedError(f"{name} is of a form that this version of acude doesn't know.") from None
        if found.id != expected_id:
            raise DamagedError(f"{name} belongs to another backup, {found.id}.")
        return found


def _signature(fields: dict[str, Any], key: Key) -> str:
    """HMAC-SHA256, hexadecimal, over the fields in one fixed spelling."""
    text = json.dumps(fields, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hmac.digest(key.derived("manifest", b""), text.encode(), hashlib.sha256).hex()
