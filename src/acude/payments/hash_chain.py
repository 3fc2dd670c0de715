"""The audit log's hash chain: a row's hash covers the hash of the row before it and the row's canonical content.

A row that is changed, dropped, swapped or inserted breaks the chain at the first row that differs. The hash is an HMAC:
nobody continues or rewrites a chain without its key. The chain alone can't show that its tail was cut off, or that the
owner of the key wrote it again: `audit_anchors` keeps its end elsewhere.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple

import orjson

GENESIS: Final = bytes(32)
"""Stands for the hash of the row before the first."""


class AuditEvent(NamedTuple):
    """Something that happened.

    Attributes:
        tipo: one of `decisao`, `lista`, `politica`, `acesso`.
        quem: the actor.
        objeto: what was acted on.
        detalhe: the rest, as JSON.
        em: when it happened, UTC.
    """

    tipo: str
    quem: str
    objeto: str
    detalhe: Mapping[str, Any]
    em: datetime


class AuditRow(NamedTuple):
    """An event as a row; `detalhe` is JSON text, kept byte for byte.

    `chave` names the key of the hash; rows from before the audit log had a key have None and a plain SHA-256.
    """

    numero: int
    em: datetime
    tipo: str
    quem: str
    objeto: str
    detalhe: str
    hash: bytes
    chave: str | None = None


class BrokenChainError(ValueError):
    """A row that does not follow from the row before it."""

    def __init__(self, numero: int, found: str) -> None:
        super().__init__(f"row {numero}: {found}")
        self.numero = numero
        self.found = found


@dataclass
class HashChain:
    """The end of a chain. Rows are added to it, or checked against it.

    Attributes:
        numero: of the last row; 0 before the first.
        hash: of the last row.
        chave: the last row's key; None before the first row with one.
        keys: by name, the newest first: it makes new rows. Without any, rows get a plain SHA-256.
    """

    numero: int = 0
    hash: bytes = GENESIS
    chave: str | None = None
    keys: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    def add(self, event: AuditEvent) -> AuditRow:
        """The event as the next row."""
        detail = orjson.dumps(event.detalhe, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z).decode()
        at, self.chave = event.em.astimezone(UTC), next(iter(self.keys), None)
        row = AuditRow(self.numero + 1, at, event.tipo, event.quem, event.objeto, detail, b"", self.chave)
        self.numero, self.hash = row.numero, self._linked(row)
        return row._replace(hash=self.hash)

    def follow(self, row: AuditRow) -> None:
        """Checks the next row, and goes on to it.

        Raises:
            BrokenChainError: another row was added here.
        """
        expected = self.numero + 1
        if row.numero > expected:
            raise BrokenChainError(expected, f"missing; the next one is row {row.numero}")
        if row.numero < expected:
            raise BrokenChainError(row.numero, f"in the place of row {expected}")
        if row.chave is None and self.chave is not None:
            raise BrokenChainError(row.numero, "made without a key, behind rows that were made with one")
        if row.chave is not None and row.chave not in self.keys:
            raise BrokenChainError(row.numero, f"made with key {row.chave}, which ACUDE_AUDIT_KEYS does not have")
        if row.hash != self._linked(row):
            raise BrokenChainError(row.numero, "its hash does not fit its content and the row before it")
        self.numero, self.hash, self.chave = row.numero, row.hash, row.chave

    def _linked(self, row: AuditRow) -> bytes:
        """The hash of a row that follows the last one."""
        text = self.hash + _canonical(row)
        return sha256(text).digest() if row.chave is None else hmac.digest(self.keys[row.chave], text, sha256)


def _canonical(row: AuditRow) -> bytes:
    """One text for one content: a JSON array, times in UTC with all six digits."""
    at = row.em.astimezone(UTC).isoformat(timespec="microseconds")
    named = [] if row.chave is None else [row.chave]
    return orjson.dumps([row.numero, at, row.tipo, row.quem, row.objeto, row.detalhe, *named])
