"""Payments of each minute by what was decided: counted from silver's rows, and which minutes to count again.

Rows in, rows out, as Arrow tables: for a minute's few rows, Spark would plan and compile again with each batch.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as f

from acude.risk.first_decision import CLIENT, KEY, ORDER
from acude.risk_history.payments import first_decisions

UNDECIDED: Final = "sem_decisao"
REFUSED: Final = "negar"
ABROAD: Final = "EX"
"""The tax office's code where a state would stand."""

MINUTE: Final = timedelta(minutes=1)
_LAST_END: Final = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
_MOST_SPANS: Final = 24
_AT_ONCE: Final = 5
_GROUP: Final = ("janela_inicio", "tipo_pagamento", "operacao", "moeda", "uf")
_PAYMENT: Final = [*KEY, "timestamp"]

OF_PAYMENTS: Final = (*KEY, "timestamp", "tipo_pagamento", "operacao", "moeda", "uf", "valor")
"""Columns of silver.transacoes that are needed."""

OF_DECISIONS: Final = (*KEY, "transacao_em", "decisao", *ORDER)
"""Columns of silver.decisoes_risco that are needed."""


class Span(NamedTuple):
    """Event time from `begin` to before `end`, UTC."""

    begin: datetime
    end: datetime

    @property
    def minutes(self) -> list[datetime]:
        """Each minute's begin."""
        return [self.begin + number * MINUTE for number in range((self.end - self.begin) // MINUTE)]


def spans(minutes: Iterable[datetime]) -> list[Span]:
    """The minutes, neighbours joined; of more than 24 pieces the whole from the first to the last.

    The calendar's last minute has no end, so its span is empty; no payment is of then.

    >>> at = datetime(2026, 11, 22, 10, tzinfo=UTC)
    >>> [(one.begin.minute, one.end.minute) for one in spans([at, at + MINUTE, at + 5 * MINUTE])]
    [(0, 2), (5, 6)]
    """
    ordered = sorted(set(minutes))
    breaks = [place for place, (one, other) in enumerate(pairwise(ordered), 1) if other - one > MINUTE]
    if len(breaks) >= _MOST_SPANS:
        breaks = []
    edges = [0, *breaks, len(ordered)]
    found = [(ordered[first], ordered[last - 1]) for first, last in pairwise(edges)] if ordered else []
    return [Span(begin, min(last, _LAST_END - MINUTE) + MINUTE) for begin, last in found]


def reads(minutes: Sequence[datetime]) -> list[list[Span]]:
    """The minutes, five at a time, as spans: payments of five minutes are what is held at once.

    A payment counts in one minute, and its decisions are found by its time: so reads add up to the whole.

    Args:
        minutes: ascending.

    >>> at = datetime(2026, 11, 22, 10, tzinfo=UTC)
    >>> [[len(one.minutes) for one in read] for read in reads([at + number * MINUTE for number in (0, 1, 3, 4, 5, 6)])]
    [[2, 3], [1]]
    """
    return [spans(minutes[at : at + _AT_ONCE]) for at in range(0, len(minutes), _AT_ONCE)]


def by_hour(minutes: Iterable[datetime]) -> dict[datetime, list[datetime]]:
    """The minutes of each UTC hour, hours ascending."""
    found: dict[datetime, list[datetime]] = {}
    for minute in sorted(one.astimezone(UTC) for one in minutes):
        found.setdefault(minute.replace(minute=0), []).append(minute)
    return found


def minutes_of(payments: DataFrame, decisions: DataFrame) -> DataFrame:
    """The minutes to which rows belong, with repeats: column `minuto`.

    A decision belongs to the minute of its payment, whenever either came.

    Args:
        payments: rows of silver.transacoes.
        decisions: rows of silver.decisoes_risco.
    """
    own = payments.select(f.date_trunc("minute", "timestamp").alias("minuto"))
    return own.unionAll(decisions.select(f.date_trunc("minute", "transacao_em").alias("minuto")))


def payments_per_minute(payments: pa.Table, decisions: pa.Table) -> list[dict[str, Any]]:
    """One row per minute, way of paying, operation, currency, state and result.

    Args:
        payments: `OF_PAYMENTS`, all of each minute that is there.
        decisions: `OF_DECISIONS`, at least those on these payments.

    Returns:
        Rows of gold.ao_vivo_pagamentos_por_minuto; amounts are exact, a payment without a decision has the result
        `sem_decisao`.
    """
    first = first_decisions(decisions)
    answers = first.select([*KEY, "transacao_em", "decisao"]).rename_columns([*_PAYMENT, "decisao"])
    # Arrow joins no nulls: payments that came by the topic.
    payments, answers = (_with_clients(rows) for rows in (payments, answers))
    joined = payments.join(answers, _PAYMENT, join_type="left outer")
    columns = {
        "janela_inicio": pc.floor_temporal(joined["timestamp"], unit="minute"),
        **{name: joined[name] for name in ("tipo_pagamento", "operacao", "moeda")},
        "uf": pc.fill_null(joined["uf"], ABROAD),
        "resultado": pc.fill_null(joined["decisao"], UNDECIDED),
        "valor": joined["valor"],
    }
    counted = pa.table(columns).group_by([*_GROUP, "resultado"]).aggregate([("valor", "count"), ("valor", "sum")])
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in counted.to_pylist():
        groups.setdefault(tuple(row[name] for name in _GROUP), []).append(row)
    return [_row(row, rate) for rows in groups.values() for rate in [_rate(rows)] for row in rows]


def _with_clients(rows: pa.Table) -> pa.Table:
    place = rows.schema.get_field_index(CLIENT)
    return rows.set_column(place, CLIENT, pc.fill_null(rows[CLIENT], ""))


def _rate(rows: list[dict[str, Any]]) -> Decimal | None:
    """Refused among decided; None where nothing was decided."""
    numbers = {row["resultado"]: row["valor_count"] for row in rows}
    decided = sum(number for result, number in numbers.items() if result != UNDECIDED)
    return _rounded(Decimal(numbers.get(REFUSED, 0)) / decided, 6) if decided else None


def _row(row: dict[str, Any], rate: Decimal | None) -> dict[str, Any]:
    start: datetime = row["janela_inicio"]
    return {
        "data": start.date(),
        "hora": start.hour,
        **{name: row[name] for name in (*_GROUP, "resultado")},
        "transacoes": row["valor_count"],
        "valor": row["valor_sum"],
        "media": _rounded(row["valor_sum"] / row["valor_count"], 4),
        "taxa_fraude": rate,
    }


def _rounded(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def renewed(before: pa.Table, minutes: Iterable[datetime], counted: pa.Table, order: list[str]) -> pa.Table:
    """An hour's rows after some of its minutes were counted again.

    Args:
        before: the hour's rows so far.
        minutes: what was counted again; nothing of their former rows stays.
        counted: their rows.
        order: columns by which the rows are sorted; they name a row.
    """
    column = before["janela_inicio"]
    kept = before.filter(pc.invert(pc.is_in(column, pa.array(minutes, column.type))))
    return pa.concat_tables([kept, counted]).sort_by([(name, "ascending") for name in order])
