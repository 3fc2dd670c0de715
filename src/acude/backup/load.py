"""Brings stored databases into new ones, and compares what came with what was counted."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

import psycopg2.errors

from acude.backup import databases
from acude.backup.errors import DamagedError
from acude.backup.manifest import Manifest, StoredDatabase
from acude.backup.programs import feed
from acude.backup.progress import Report, watched
from acude.backup.storage import Storage
from acude.settings import Settings

_STATEMENT: Final = re.compile(r"(CREATE ROLE|ALTER ROLE|GRANT) .*;")


class Source:
    """One backup's files, decrypted."""

    def __init__(self, storage: Storage, manifest: Manifest, report: Report) -> None:
        self._storage = storage
        self._manifest = manifest
        self._report = report

    def roles(self) -> list[str]:
        """The statements that make the roles."""
        text = b"".join(self._storage.read(self._manifest.id, self._manifest.papeis.arquivo)).decode()
        return [line for line in text.splitlines() if _STATEMENT.fullmatch(line)]

    def check(self, stored: StoredDatabase) -> None:
        """Reads a dump to its end.

        Raises:
            DamagedError: it isn't what was stored.
        """
        for _ in self._dump(stored, "checking"):
            pass

    def load(self, config: Settings, stored: StoredDatabase, target: str, *, own: bool) -> None:
        """Makes a new database of a stored one. Its TimescaleDB rests until `databases.resume_timescaledb`.

        Args:
            config: of the server.
            stored: which of the databases.
            target: the new database's name; whatever has it goes.
            own: whether owners and rights come too; their roles must be there then.

        Raises:
            DamagedError: what came isn't what was stored, or has other rows than were counted.
            BackupError: PostgreSQL or S3 refuses.
        """
        databases.create(config, target, stored.dono if own else None)
        if stored.versao_timescaledb:
            databases.expect_timescaledb(config, target, stored.versao_timescaledb)
        without = [] if own else ["--no-owner", "--no-privileges"]
        arguments = ["--exit-on-error", *without, databases.option(target)]
        feed(config, "pg_restore", arguments, self._dump(stored, "loading"))
        self._report(stored.banco, "counting", 0)
        differences = different_rows(stored.tabelas, databases.count_rows(config, target))
        if differences:
            raise DamagedError(f"{stored.banco} came back other than it was stored: {'; '.join(differences)}.")

    def _dump(self, stored: StoredDatabase, step: str) -> Iterator[bytes]:
        """A database's dump, as pg_restore reads it."""
        return watched(self._storage.read(self._manifest.id, stored.arquivo), self._report, stored.banco, step)


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
