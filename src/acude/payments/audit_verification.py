"""Verifies the audit log: its hash chain, and that decisions and lists are stored as the log has them.

It reads a page at a time, so its memory does not grow with history.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
from psycopg import Connection, sql
from psycopg.rows import dict_row

from acude.payments import audit_log
from acude.payments.hash_chain import AuditRow, BrokenChainError, HashChain
from acude.payments.store import COLUMNS, digest

Progress = Callable[[int], None]


class Break(NamedTuple):
    """The first difference; `numero` is the row of the log that shows it, None where no row does."""

    numero: int | None
    objeto: str
    problema: str


@dataclass
class Report:
    """What was found.

    Attributes:
        chain: the end of the chain, or of its sound part.
        broken: the first break; None where all is sound.
        compared: decisions whose stored row is the one that was chained.
        gone: decisions that are chained and no longer stored.
        unchained: decisions that are stored and not chained: older than the log, or forged.
    """

    chain: HashChain = field(default_factory=HashChain)
    broken: Break | None = None
    compared: int = 0
    gone: int = 0
    unchained: int = 0


def verify(
    connection: Connection[Any],
    *,
    kept: bytes | None = None,
    decisions: bool = True,
    on_progress: Progress = lambda _: None,
) -> Report:
    """Follows the chain from its first row to its last.

    Args:
        connection: each statement its own transaction; the log may grow meanwhile.
        kept: a hash that was the chain's end once, and was kept elsewhere.
        decisions: also compare each decision's row with its digest, and the lists with their changes.
        on_progress: called with the number of rows that are done.
    """
    report = Report()
    met = kept is None
    try:
        for rows in audit_log.pages(connection):
            for row in rows:
                report.chain.follow(row)
                met = met or row.hash == kept
            if decisions:
                report.broken = _compare(connection, rows, report)
            if report.broken:
                return report
            on_progress(report.chain.numero)
    except BrokenChainError as problem:
        report.broken = Break(problem.numero, "", problem.found)
        return report
    if not met:
        report.broken = Break(None, "", "no row has the hash that was kept: the audit log was cut, or written again")
    elif decisions:
        report.broken = _lists(connection)
        report.unchained = _unchained(connection)
    return report


def _compare(connection: Connection[Any], rows: Sequence[AuditRow], report: Report) -> Break | None:
    """Compares a page's decisions with what is stored."""
    chained = {}
    for row in rows:
        if row.tipo == audit_log.DECISION:
            detail = orjson.loads(row.detalhe)
            chained[row.objeto, datetime.fromisoformat(detail["transacao_em"])] = row.numero, detail["resumo"]
    if not chained:
        return None
    with connection.cursor(row_factory=dict_row) as cursor:
        ids, moments = zip(*chained, strict=True)
        cursor.execute(_STORED, (list(ids), list(moments), min(moments), max(moments)))
        for stored in cursor:
            numero, resumo = chained.pop((stored["id_transacao"], stored["transacao_em"]))
            if digest(stored) != resumo:
                return Break(numero, stored["id_transacao"], "the stored decision is not the one that was made")
            report.compared += 1
    report.gone += len(chained)
    return None


def _lists(connection: Connection[Any]) -> Break | None:
    """The first entry that differs from its last change."""
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.stream(_LAST_CHANGES):
            entry = orjson.loads(row["detalhe"])["entrada"] if row["detalhe"] else None
            stored = row["dono"] and {name: row[name] for name in _ENTRY}
            logged = entry and entry | {
                name: datetime.fromisoformat(entry[name]) for name in ("criada_em", "expira_em")
            }
            if stored != logged:
                return Break(row["numero"], row["nome"], "the list's entry is not what its last change made of it")
    return None


def _unchained(connection: Connection[Any]) -> int:
    found = connection.execute(_UNCHAINED).fetchone()
    return int(found[0]) if found else 0


_ENTRY: Final = ("lista", "tipo", "valor", "dono", "motivo", "criada_em", "expira_em")

_STORED: Final = sql.SQL(
    "SELECT {} FROM decisoes JOIN unnest(%s::text[], %s::timestamptz[]) AS asked (id, em)"
    " ON id_transacao = asked.id AND transacao_em = asked.em WHERE transacao_em BETWEEN %s AND %s"
).format(sql.SQL(", ").join(map(sql.Identifier, COLUMNS)))

_LAST_CHANGES: Final = Path(__file__).with_name("changed_lists.sql").read_bytes()
_UNCHAINED: Final = Path(__file__).with_name("unchained_decisions.sql").read_bytes()
