"""The audit log in PostgreSQL: decisions, list changes, policies and accesses, append-only, chained by keyed hashes.

One writer at a time: a writer holds a lock from reading the chain's end until the commit. Events are part of the
caller's transaction, so an event is stored exactly if what it describes is stored.
"""

import os
import platform
import pwd
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from psycopg import Connection, sql

from acude.backup_keys import KeyRing
from acude.contracts.personal import has_number
from acude.masking import MASK
from acude.payments.hash_chain import AuditEvent, AuditRow, HashChain
from acude.settings import Settings, settings

DECISION: Final = "decisao"
LIST: Final = "lista"
POLICY: Final = "politica"
ACCESS: Final = "acesso"

_PAGE: Final = 5_000
_LOCK: Final = 0x61637564650001
_LONGEST_HELD: Final = "10s"
"""A writer that is stopped in between (a suspended terminal) loses its lock with its connection."""

_FIELDS: Final = sql.SQL(", ").join(map(sql.Identifier, AuditRow._fields))
_ROWS: Final = sql.SQL("SELECT {} FROM auditoria.trilha").format(_FIELDS)


def audit_event(tipo: str, quem: str, objeto: str, /, **detalhe: Any) -> AuditEvent:  # noqa: ANN401 - whatever JSON can say
    """An event of this moment. Somebody may have asked for a CPF or a card number: the log keeps none."""
    if tipo == ACCESS:
        objeto, detalhe = _cut(objeto), {name: _cut(value) for name, value in detalhe.items()}
    return AuditEvent(tipo, quem, objeto, detalhe, datetime.now(UTC))


def _cut(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can say
    return MASK if isinstance(value, str) and has_number(value) else value


def cli_user() -> str:
    """The person at this terminal, as the audit log names them."""
    return f"cli:{os_user()}@{platform.node()}"


def os_user() -> str:
    """The user that the operating system runs this process for. LOGNAME and its like can say anything."""
    uid = os.getuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid-{uid}"


def chain_keys(config: Settings) -> Mapping[str, bytes]:
    """The keys of the chain by name, the newest first.

    Raises:
        AcudeError: there is none, or they can't be read.
    """
    ring = KeyRing.parse(config.audit_keys.get_secret_value(), "ACUDE_AUDIT_KEYS")
    return {key.name: key.secret.encode() for key in ring.keys}


def append(connection: Connection[Any], events: Iterable[AuditEvent]) -> HashChain:
    """Appends events in the caller's transaction, which should end soon after: other writers wait for it.

    Returns:
        The chain's new end.

    Raises:
        AcudeError: the settings have no key.
    """
    added = list(events)
    if not added:
        return head(connection)
    keys = chain_keys(settings())
    connection.execute(
        "SELECT set_config('idle_in_transaction_session_timeout', %s, true), pg_advisory_xact_lock(%s)",
        (_LONGEST_HELD, _LOCK),
    )
    # A statement of its own: its snapshot must be younger than the lock.
    chain = head(connection, keys)
    copy = sql.SQL("COPY auditoria.trilha ({}) FROM STDIN").format(_FIELDS)
    with connection.cursor() as cursor, cursor.copy(copy) as rows:
        for event in added:
            rows.write_row(chain.add(event))
    return chain


def head(connection: Connection[Any], keys: Mapping[str, bytes] | None = None) -> HashChain:
    """The end of the chain, unchecked. Without keys it can't be continued."""
    found = connection.execute(
        "SELECT numero, hash, chave FROM auditoria.trilha ORDER BY numero DESC LIMIT 1"
    ).fetchone()
    if not found:
        return HashChain(keys=keys or {})
    numero, hash_, chave = found
    return HashChain(numero, hash_, chave, keys or {})


def row(connection: Connection[Any], numero: int) -> AuditRow | None:
    """One row, unchecked; None where there is none of that number."""
    found = connection.execute(_ROWS + sql.SQL(" WHERE numero = %s"), (numero,)).fetchone()
    return AuditRow(*found) if found else None


def pages(connection: Connection[Any], after: int = 0) -> Iterator[list[AuditRow]]:
    """All rows behind a number, in order, a page at a time."""
    query = _ROWS + sql.SQL(" WHERE numero > %s ORDER BY numero LIMIT %s")
    while True:
        rows = [AuditRow(*row) for row in connection.execute(query, (after, _PAGE)).fetchall()]
        if not rows:
            return
        yield rows
        after = rows[-1].numero


@dataclass(frozen=True)
class Search:
    """Which rows are wanted. None: any. `since` and `until` bound `em`, `until` excluded."""

    tipo: str | None = None
    quem: str | None = None
    objeto: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def rows(self, connection: Connection[Any], most: int) -> list[AuditRow]:
        """The rows, newest first."""
        conditions = [
            (sql.SQL("tipo = %s"), self.tipo),
            (sql.SQL("quem = %s"), self.quem),
            (sql.SQL("objeto = %s"), self.objeto),
            (sql.SQL("em >= %s"), self.since),
            (sql.SQL("em < %s"), self.until),
        ]
        given = [(condition, value) for condition, value in conditions if value is not None]
        where = sql.SQL(" AND ").join([sql.SQL("true"), *(condition for condition, _ in given)])
        query = _ROWS + sql.SQL(" WHERE ") + where + sql.SQL(" ORDER BY numero DESC LIMIT %s")
        return [AuditRow(*row) for row in connection.execute(query, (*(value for _, value in given), most)).fetchall()]
