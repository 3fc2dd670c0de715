"""Payments of each minute by what was decided: counted from silver, and which minutes to count again.

Frames in, frame out, so that the stream and whoever counts a past day again do the same.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as f

RESULTS: Final = ("aprovar", "revisar", "negar")
UNDECIDED: Final = "sem_decisao"
ABROAD: Final = "EX"
"""The tax office's code where a state would stand."""

MINUTE: Final = timedelta(minutes=1)
_MOST_SPANS: Final = 24
_GROUP: Final = ("janela_inicio", "tipo_pagamento", "operacao", "moeda", "uf")


class Span(NamedTuple):
    """Event time from `begin` to before `end`, UTC."""

    begin: datetime
    end: datetime


def spans(minutes: Iterable[datetime]) -> list[Span]:
    """The minutes, neighbours joined; of more than 24 pieces the whole from the first to the last.

    >>> at = datetime(2026, 11, 22, 10, tzinfo=UTC)
    >>> [(one.begin.minute, one.end.minute) for one in spans([at, at + MINUTE, at + 5 * MINUTE])]
    [(0, 2), (5, 6)]
    """
    ordered = sorted(set(minutes))
    breaks = [place for place, (one, other) in enumerate(pairwise(ordered), 1) if other - one > MINUTE]
    if len(breaks) >= _MOST_SPANS:
        breaks = []
    edges = [0, *breaks, len(ordered)]
    return [Span(ordered[first], ordered[last - 1] + MINUTE) for first, last in pairwise(edges)] if ordered else []


def minutes_of(payments: DataFrame, decisions: DataFrame) -> DataFrame:
    """The minutes to which new rows belong, with repeats: column `minuto`.

    A decision belongs to the minute of its payment, whenever either came.

    Args:
        payments: rows of silver.transacoes.
        decisions: rows of silver.decisoes_risco.
    """
    own = payments.select(f.date_trunc("minute", "timestamp").alias("minuto"))
    return own.unionAll(decisions.select(f.date_trunc("minute", "transacao_em").alias("minuto")))


def within(column: str, of: Iterable[Span]) -> Column:
    """Whether a time lies in one of the spans."""
    found = f.lit(False)
    for one in of:
        found |= (f.col(column) >= f.lit(one.begin)) & (f.col(column) < f.lit(one.end))
    return found


def first_decisions(decisions: DataFrame) -> DataFrame:
    """One row a payment: `id_transacao`, `transacao_em`, `decisao`, `motivos`, `decidida_em`.

    A payment that came again after days may have been decided again; as in the database the first decision stands.

    Args:
        decisions: rows of silver.decisoes_risco.
    """
    first = f.struct(f.col("timestamp").alias("decidida_em"), "particao", "deslocamento", "decisao", "motivos")
    return (
        decisions.groupBy("id_transacao", "transacao_em")
        .agg(f.min(first).alias("primeira"))
        .select("id_transacao", "transacao_em", "primeira.decisao", "primeira.motivos", "primeira.decidida_em")
    )


def payments_per_minute(payments: DataFrame, decisions: DataFrame) -> DataFrame:
    """One row a minute, way of paying, operation, currency, state and result.

    Args:
        payments: rows of silver.transacoes, all of each minute that is there.
        decisions: rows of silver.decisoes_risco, at least those on these payments.

    Returns:
        The columns of gold.ao_vivo_pagamentos_por_minuto; amounts are exact, a payment without a decision has the
        result `sem_decisao`.
    """
    decided = first_decisions(decisions).select("id_transacao", f.col("transacao_em").alias("timestamp"), "decisao")
    joined = payments.join(decided, ["id_transacao", "timestamp"], "left").select(
        f.date_trunc("minute", "timestamp").alias("janela_inicio"),
        "tipo_pagamento",
        "operacao",
        "moeda",
        f.coalesce("uf", f.lit(ABROAD)).alias("uf"),
        "valor",
        f.coalesce("decisao", f.lit(UNDECIDED)).alias("resultado"),
    )
    # All results of a group in one row, for its rate needs them together.
    counted = joined.groupBy(*_GROUP).agg(*(piece for result in (*RESULTS, UNDECIDED) for piece in _sums(result)))
    rate = (f.col("n_negar") / f.nullif(_decided(), f.lit(0).cast("decimal(20,0)"))).cast("decimal(7,6)")
    results = f.array(*(_struct(result) for result in (*RESULTS, UNDECIDED)))
    return (
        counted.select(*_GROUP, rate.alias("taxa_fraude"), f.explode(results).alias("r"))
        .where("r.transacoes > 0")
        .select(
            f.to_date("janela_inicio").alias("data"),
            f.hour("janela_inicio").alias("hora"),
            "janela_inicio",
            *_GROUP[1:],
            "r.resultado",
            f.col("r.transacoes").cast("bigint").alias("transacoes"),
            f.col("r.valor").cast("decimal(38,2)").alias("valor"),
            # Before it is widened: Spark cuts the digits of wide quotients.
            (f.col("r.valor") / f.col("r.transacoes")).cast("decimal(18,4)").alias("media"),
            "taxa_fraude",
        )
    )


def _sums(result: str) -> tuple[Column, Column]:
    mine = f.col("resultado") == result
    number = f.count(f.when(mine, 1)).cast("decimal(20,0)").alias(f"n_{result}")
    return number, f.sum(f.when(mine, f.col("valor"))).alias(f"v_{result}")


def _struct(result: str) -> Column:
    return f.struct(
        f.lit(result).alias("resultado"), f.col(f"n_{result}").alias("transacoes"), f.col(f"v_{result}").alias("valor")
    )


def _decided() -> Column:
    total = f.col(f"n_{RESULTS[0]}")
    for result in RESULTS[1:]:
        total += f.col(f"n_{result}")
    return total.cast("decimal(20,0)")


def renewed(before: pa.Table, minutes: Iterable[datetime], counted: pa.Table, order: list[str]) -> pa.Table:
    """An hour's rows after some of its minutes were counted again.

    Args:
        before: the hour's rows so far.
        minutes: what was counted again; nothing of their former rows stays.
        counted: their rows.
        order: columns by which the rows are sorted; they name a row.
    """
    column = before["janela_inicio"]
    kept = before.filter(pc.invert(pc.is_in(column, pa.array(sorted(minutes), column.type))))
    return pa.concat_tables([kept, counted.cast(kept.schema)]).sort_by([(name, "ascending") for name in order])


def by_day(minutes: Iterable[datetime]) -> dict[date, set[datetime]]:
    """The minutes of each UTC day, days ascending."""
    found: dict[date, set[datetime]] = {}
    for minute in sorted(minutes):
        found.setdefault(minute.astimezone(UTC).date(), set()).add(minute)
    return found
