"""What a backup says about itself; encrypted like every file of a backup, so that only the key's holder changes it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from acude.backup.errors import DamagedError


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StoredFile(_Part):
    """One encrypted file: its name in the backup's folder and its bytes in S3."""

    arquivo: str
    tamanho: int


class StoredDatabase(StoredFile):
    """A database as it was at one moment.

    Attributes:
        banco: its name.
        dono: the role that owns it.
        instante: the server's clock when the dump's snapshot was taken.
        tabelas: rows of each table, by schema.table, counted in the same snapshot.
        versao_timescaledb: the extension's; None where the database has none.
    """

    banco: str
    dono: str
    instante: datetime
    tabelas: dict[str, int]
    versao_timescaledb: str | None = None

    @property
    def linhas(self) -> int:
        """Rows of all tables."""
        return sum(self.tabelas.values())


class Manifest(_Part):
    """A whole backup. `papeis` is the file with the server's roles, without passwords."""

    formato: Literal[2] = 2
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

    @classmethod
    def read(cls, text: bytes) -> "Manifest":
        """The manifest of this JSON.

        Raises:
            DamagedError: it is of a form that this version doesn't know.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            raise DamagedError("The manifest is of a form that this version of acude doesn't know.") from None
