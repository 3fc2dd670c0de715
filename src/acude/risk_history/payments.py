"""Payments of past days, what was decided on them and what came to light, out of silver, without Spark."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from acude.contracts.model import table
from acude.lake.snapshot import rows_where
from acude.risk.comparison import Label
from acude.risk.decision import Verdict
from acude.risk.first_decision import KEY, ORDER
from acude.risk.payment import Payment, of_fields
from acude.settings import Settings

PAYMENTS: Final = "silver.transacoes"
DECISIONS: Final = "silver.decisoes_risco"
DISPUTES: Final = "silver.contestacoes"

LAST_WORD: Final = (("timestamp", "descending"), ("resultado", "ascending"))
"""The order of the disputes on a payment. The first one holds: the latest, and of several at one time `fraude`.

Workers learn of disputes as they come, so live the one that came last holds.
"""

_FIELDS: Final = Payment.__struct_fields__
_DISPUTE: Final = ("id_transacao", "resultado", "timestamp")
_DECISION: Final = (*KEY, "decisao", "pontuacao", "motivos", "transacao_em", *ORDER)


class Disputes(NamedTuple):
    """Ids of payments that turned out to be frauds, and of suspected ones that were cleared (`LAST_WORD`)."""

    frauds: frozenset[str]
    honest: frozenset[str]


class Decided(NamedTuple):
    """One decision: its payment, what was decided, the score (0 to 1) and the reason codes."""

    id_transacao: str
    decisao: str
    score: float
    motivos: tuple[str, ...]


def payments_of(config: Settings, first: date, last: date) -> list[Payment]:
    """The payments made from `first` to `last`, both UTC days included; documents are tokens."""
    rows = rows_where(table(PAYMENTS), _days(first, last), _FIELDS, config)
    return [of_fields(row) for row in rows.to_pylist()]


def decisions_of(config: Settings, first: date, last: date) -> list[Decided]:
    """The first decision on each payment made from `first` to `last`."""
    # A payment may come, and be decided, days after it was made.
    rows = rows_where(table(DECISIONS), pc.field("data") >= first - timedelta(days=1), _DECISION, config)
    return [
        Decided(row["id_transacao"], row["decisao"], row["pontuacao"] / 1000, tuple(row["motivos"]))
        for row in first_decisions(rows).to_pylist()
        if first <= row["transacao_em"].date() <= last
    ]


def first_decisions(decisions: pa.Table) -> pa.Table:
    """The first decision on each payment, with all columns (`acude.risk.first_decision` has the rule).

    Args:
        decisions: rows of silver.decisoes_risco with `KEY` and `ORDER`.
    """
    ordered = decisions.sort_by([(name, "ascending") for name in ORDER])
    numbered = ordered.select(KEY).append_column("row", pa.array(range(len(ordered)), pa.int64()))
    firsts = numbered.group_by(list(KEY), use_threads=False).aggregate([("row", "min")])
    return ordered.take(firsts["row_min"])


def disputes(config: Settings) -> Disputes:
    """All disputes so far."""
    return latest(rows_where(table(DISPUTES), pc.field("id_transacao").is_valid(), _DISPUTE, config))


def latest(rows: pa.Table) -> Disputes:
    """The last word on each payment, of rows with `id_transacao`, `resultado`, `timestamp`."""
    last = {row["id_transacao"]: row["resultado"] for row in reversed(rows.sort_by(LAST_WORD).to_pylist())}
    return Disputes(_with(last.items(), Label.FRAUD), _with(last.items(), Label.HONEST))


def unlabelled(decided: Iterable[Decided], found: Disputes) -> frozenset[str]:
    """Refused payments without a dispute: nobody complains about money that was never taken."""
    refused = frozenset(one.id_transacao for one in decided if one.decisao == Verdict.REFUSE)
    return refused - found.frauds - found.honest


def _days(first: date, last: date) -> pc.Expression:
    return (pc.field("data") >= first) & (pc.field("data") <= last)


def _with(results: Iterable[tuple[str, str]], label: Label) -> frozenset[str]:
    return frozenset(one for one, result in results if result == label)
