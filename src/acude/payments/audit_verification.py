"""Verifies the audit log: its hash chain, its anchors, and that decisions and lists are stored as the log has them.

It reads a page at a time, so its memory does not grow with history.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
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
from acude.settings import settings

Progress = Callable[[int], None]
Anchors = Mapping[int, Collection[bytes]]
"""By a row's number the hashes that were kept elsewhere as the chain's end at that row."""


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
        anchored: anchors that the chain has passed as they say.
        last_anchor: the last of them; rows behind it could still be written again by the key's owner.
        compared: decisions whose stored row is the one that was chained.
        gone: decisions that are chained and no longer stored.
        unchained: decisions that are stored and not chained: older than the log, or forged.
    """

    chain: HashChain = field(default_factory=HashChain)
    broken: Break | None = None
    anchored: int = 0
    last_anchor: int = 0
    compared: int = 0
    gone: int = 0
    unchained: int = 0

    def differs(self, found: Break | None) -> None:
        """Takes note of a difference; the first one counts."""
        self.broken = self.broken or found


def verify(
    connection: Connection[Any],
    *,
    kept: bytes | None = None,
    anchors: Anchors | None = None,
    decisions: bool = True,
    on_progress: Progress = lambda _: None,
) -> Report:
    """Follows the chain from its first row to its last.

    Args:
        connection: each statement its own transaction; the log may grow meanwhile.
        kept: a hash that was the chain's end once, and was kept elsewhere.
        anchors: read before this; the chain must pass all of them.
        decisions: also compare each decision's row with its digest, and the lists with their changes.
        on_progress: called with the number of rows that are done.
    """
    report, left = Report(chain=HashChain(keys=audit_log.chain_keys(settings()))), dict(anchors or {})
    met = kept is None
    try:
        for rows in audit_log.pages(connection):
            for row in rows:
                report.chain.follow(row)
                met = met or row.hash == kept
                _pass_anchor(row, left.pop(row.numero, ()), report)
            if decisions:
                _compare(connection, rows, report)
            on_progress(report.chain.numero)
    except BrokenChainError as problem:
        # Differences that lie in rows before it stand.
        report.differs(Break(problem.numero, "", problem.found))
        return report
    if left:
        report.differs(Break(min(left), "", "anchored, and not there: the audit log was cut"))
    if not met:
        report.differs(Break(None, "", "no row has the hash that was kept: the audit log was cut, or written again"))
    if decisions:
        report.differs(_lists(connection))
        _count_unchained(connection, report)
    return report


def _pass_anchor(row: AuditRow, anchors: Collection[bytes], report: Report) -> None:
    if any(anchor != row.hash for anchor in anchors):
        report.differs(Break(row.numero, "", "its hash is not the anchored one: rows up to here were written again"))
    elif anchors:
        report.anchored, report.last_anchor = report.anchored + 1, row.numero


def _compare(connection: Connection[Any], rows: Sequence[AuditRow], report: Report) -> None:
    """Compares a page's decisions with what is stored."""
    chained = []
    for row in rows:
        if row.tipo == audit_log.DECISION:
            detail = orjson.loads(row.detalhe)
            chained.append((row, datetime.fromisoformat(detail["transacao_em"]), detail))
    if not chained:
        return
    ids, moments = [row.objeto for row, _, _ in chained], [moment for _, moment, _ in chained]
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(_STORED, (ids, moments, min(moments), max(moments)))
        stored: dict[tuple[str, datetime], dict[str | None, str]] = {}
        for one in cursor:
            of_clients = stored.setdefault((one["id_transacao"], one["transacao_em"]), {})
            of_clients[one["id_cliente"]] = digest(one)
    for row, moment, detail in chained:
        of_clients = stored.get((row.objeto, moment), {})
        # Rows from before ids were each client's own don't say whose they are.
        clients = [detail["id_cliente"]] if "id_cliente" in detail else list(of_clients)
        found = {of_clients[one] for one in clients if one in of_clients}
        if not found:
            report.gone += 1
            report.differs(Break(row.numero, row.objeto, "the decision that was made is no longer stored"))
        elif detail["resumo"] not in found:
            report.differs(Break(row.numero, row.objeto, "the stored decision is not the one that was made"))
        else:
            report.compared += 1


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


def _count_unchained(connection: Connection[Any], report: Report) -> None:
    report.unchained, first = connection.execute(_UNCHAINED).fetchone() or (0, "")
    if report.unchained:
        report.differs(Break(None, first, "the decision is stored, and no row of the audit log has it"))


_ENTRY: Final = ("lista", "tipo", "valor", "dono", "motivo", "criada_em", "expira_em")

_STORED: Final = sql.SQL(
    "SELECT {} FROM decisoes JOIN unnest(%s::text[], %s::timestamptz[]) AS asked (id, em)"
    " ON id_transacao = asked.id AND transacao_em = asked.em WHERE transacao_em BETWEEN %s AND %s"
).format(sql.SQL(", ").join(map(sql.Identifier, COLUMNS)))

_LAST_CHANGES: Final = Path(__file__).with_name("changed_lists.sql").read_bytes()
_UNCHAINED: Final = Path(__file__).with_name("unchained_decisions.sql").read_bytes()
