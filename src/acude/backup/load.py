"""Brings stored databases into new ones, and compares what came with what was counted."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

import psycopg2.errors

from acude.backup import databases
from acude.backup.errors import DamagedError
from acude.backup.keys import KeyRing
from acude.backup.manifest import Manifest, StoredDatabase
from acude.backup.programs import feed
from acude.backup.progress import Report, watched
from acude.backup.storage import Storage
from acude.settings import Settings

_STATEMENT: Final = re.compile(r"(CREATE ROLE|ALTER ROLE|GRANT) .*;")


class Source:
    """One backup's files, decrypted."""

    def __init__(self, storage: Storage, manifest: Manifest, keys: KeyRing) -> None:
        self.manifest = manifest
        self._storage = storage
        self._keys = keys

    def dump(self, stored: StoredDatabase) -> Iterator[bytes]:
        """A database's dump, as pg_restore reads it."""
        return self._storage.content(self.manifest.id, stored, self._keys)

    def roles(self) -> list[str]:
        """The statements that make the roles."""
        text = b"".join(self._storage.content(self.manifest.id, self.manifest.papeis, self._keys)).decode()
        return [line for line in text.splitlines() if _STATEMENT.fullmatch(line)]


def load(config: Settings, source: Source, stored: StoredDatabase, target: str, report: Report, *, own: bool) -> None:
    """Makes a new database of a stored one.

    Args:
        config: of the server.
        source: the backup.
        stored: which of its databases.
        target: the new database's name; whatever has it goes.
        report: told how far it is.
        own: whether owners and rights come too; their roles must be there then.

    Raises:
        DamagedError: what came isn't what was stored, or has other rows than were counted.
        BackupError: PostgreSQL or S3 refuses.
    """
    databases.create(config, target, stored.dono if own else None)
    without = [] if own else ["--no-owner", "--no-privileges"]
    content = watched(source.dump(stored), report, stored.banco, "loading")
    feed(config, "pg_restore", ["--exit-on-error", *without, f"--dbname={target}"], content)
    report(stored.banco, "counting", 0)
    differences = different_rows(stored.tabelas, databases.count_rows(config, target))
    if differences:
        raise DamagedError(f"{stored.banco} came back other than it was stored: {'; '.join(differences)}.")


def different_rows(stored: Mapping[str, int], found: Mapping[str, int]) -> list[str]:
    """Where two counts differ, a sentence each.

    >>> different_rows({"public.a": 2, "public.b": 1}, {"public.a": 3})
    ['public.a has 3 rows instead of 2', 'public.b has no table instead of 1']
    """

    def said(rows: int | None) -> str:
        return "no table" if rows is None else f"{rows} rows"

    return [
        f"{table} has {said(found.get(table))} instead of {stored.get(table, 'none')}"
        for table in sorted({*stored, *found})
        if stored.get(table) != found.get(table)
    ]


def create_roles(config: Settings, statements: list[str]) -> None:
    """Creates the roles that are missing, and gives all of them the backup's attributes and memberships."""
    with databases.session(config) as session, session.cursor() as asked:
        for statement in statements:
            try:
                asked.execute(statement)
            except psycopg2.errors.DuplicateObject:
                continue
