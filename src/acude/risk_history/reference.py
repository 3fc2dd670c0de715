"""The reference of drift out of past days: how inputs, signals and scores were spread."""

from datetime import date

import numpy as np
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from acude.errors import AcudeError
from acude.risk import drift, inputs
from acude.risk.drift import Bins, Reference
from acude.risk_history.first_decision import first_decisions
from acude.risk_history.known_pasts import groups_of, read_silver
from acude.risk_history.training_set import examples

_THOUSANDTHS = 1_000


class NoPaymentsError(AcudeError):
    """There are no payments on these days."""


def reference_of_days(spark: SparkSession, first: date, last: date, most: int) -> Reference:
    """The reference of the payments made from `first` to `last`, both UTC days included.

    Args:
        spark: the batch's; it reads silver.
        first: day.
        last: day.
        most: the most payments whose inputs are looked at; of more a sample, the same each time.

    Raises:
        NoPaymentsError: there are none.
    """
    silver = read_silver(spark, first, last)
    found = examples(silver, groups=groups_of(spark))
    sample = found.orderBy(f.xxhash64("id_transacao"), "id_transacao").limit(most).select("timestamp", "entradas")
    rows = sample.toArrow()
    if not rows.num_rows:
        raise NoPaymentsError(f"silver.transacoes has no payment of {first} to {last}.", "Choose days that it has.")
    matrix = np.array(rows["entradas"].to_pylist(), np.float32)
    moments = sorted(rows["timestamp"].to_pylist())
    days = f.to_date("transacao_em").between(f.lit(first), f.lit(last))
    return Reference(
        desde=moments[0],
        ate=moments[-1],
        pagamentos=len(matrix),
        entradas=drift.of_inputs(inputs.NAMES, matrix) | _of_decisions(first_decisions(silver.decisions).where(days)),
    )


def _of_decisions(decisions: DataFrame) -> dict[str, Bins]:
    """Bins of scores and signals, from counts; none where nothing was decided."""
    scores = {row["pontuacao"] / _THOUSANDTHS: row["count"] for row in decisions.groupBy("pontuacao").count().collect()}
    codes = decisions.select(f.explode(f.array_distinct("motivos")).alias("motivo")).groupBy("motivo").count()
    fired = {row["motivo"]: row["count"] for row in codes.collect()}
    return drift.of_decisions(scores, fired) if scores else {}
