"""The audit log's hash chain: a row's hash covers the hash of the row before it and the row's canonical content.

A row that is changed, dropped, swapped or inserted breaks the chain at the first row that differs. The chain alone
can't show that its tail was cut off, or was written again from some row on: keep a hash of the tail elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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
    """An event as a row; `detalhe` is JSON text, kept byte for byte."""

    numero: int
    em: datetime
    tipo: str
    quem: str
    objeto: str
    detalhe: str
    hash: bytes


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
    """

    numero: int = 0
    hash: bytes = GENESIS

    def add(self, event: AuditEvent) -> AuditRow:
        """The event as the next row."""
        detail = orjson.dumps(event.detalhe, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z).decode()
        row = AuditRow(self.numero + 1, event.em.astimezone(UTC), event.tipo, event.quem, event.objeto, detail, b"")
        self.numero, self.hash = row.numero, linked(self.hash, row)
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
        if row.hash != linked(self.hash, row):
            raise BrokenChainError(row.numero, "its hash does not fit its content and the row before it")
        self.numero, self.hash = row.numero, row.hash


def linked(previous: bytes, row: AuditRow) -> bytes:
    """The hash of a row that follows the row with the previous hash."""
    return sha256(previous + _canonical(row)).digest()


def _canonical(row: AuditRow) -> bytes:
    """One text for one content: a JSON array, times in UTC with all six digits."""
    at = row.em.astimezone(UTC).isoformat(timespec="microseconds")
    return orjson.dumps([row.numero, at, row.tipo, row.quem, row.objeto, row.detalhe])
