"""Pairs of decisions, counted by Spark: what was decided beside what a candidate says, and what came to light."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as f

from acude.contracts.model import table
from acude.lake.delta import exists, read_days, table_path
from acude.risk.comparison import NOT_DECIDED, Cell, Comparison, Label
from acude.risk.decision import Verdict
from acude.risk.first_decision import KEY
from acude.risk.rules import Rules
from acude.risk.velocity import LABEL_DELAY_US
from acude.risk_history.disputes import last_disputes
from acude.risk_history.first_decision import client, first_decisions
from acude.risk_history.payments import DECISIONS, DISPUTES


def replayed(spark: SparkSession, rules: Rules, folder: Path, first: date, last: date) -> Comparison:
    """What these rules would have decided on the payments made from `first` to `last`, beside what was decided.

    Args:
        spark: the batch's; it reads silver.
        rules: the candidate.
        folder: its files, where Spark's own processes can read them.
        first: UTC day.
        last: this day included.
    """
    from acude.risk_history.scoring import score_history  # type: ignore[import-untyped,unused-ignore]  # noqa: PLC0415

    asked = folder if rules.model and rules.policy.modelo else None
    candidate = score_history(spark, first, last, rules.policy, model=asked)
    # A payment may be decided a day before its own time, as clocks differ, or any time later.
    decisions = read_days(spark, table(DECISIONS), first - timedelta(days=1), date.max)
    days = f.to_date("transacao_em").between(f.lit(first), f.lit(last))
    found = _disputes(spark)
    settled = datetime.now(UTC) - timedelta(microseconds=LABEL_DELAY_US)
    return Comparison(cells(counted_pairs(decisions.where(days), candidate, found, settled if found else None)))


def _disputes(spark: SparkSession) -> DataFrame | None:
    """The disputes; None where there never was one, which does not make every payment honest."""
    contract = table(DISPUTES)
    if not exists(contract):
        return None
    found = spark.read.format("delta").load(table_path(contract))
    return None if found.isEmpty() else found


def counted_pairs(
    live: DataFrame, candidate: DataFrame, disputes: DataFrame | None = None, settled_before: datetime | None = None
) -> DataFrame:
    """How many payments have which pair of decisions and which label, and what they are worth.

    Args:
        live: `id_cliente`, `id_transacao`, `decisao`, `valor`, `timestamp`, `transacao_em`, `particao`,
            `deslocamento` of what was decided; of several decisions on a payment the first holds.
        candidate: `id_cliente`, `id_transacao`, `decisao`, `valor`, `defeito` of what a candidate says, a row per
            payment.
        disputes: `id_cliente`, `id_transacao`, `resultado`, `timestamp` of `silver.contestacoes`, of which the last
            one holds. None: nothing is known of any payment.
        settled_before: an approved payment that was made before it, and of which nothing came to light, counts as
            honest. One that was refused or reviewed does not: nobody complains about money that was never taken.

    Returns:
        `viva`, `candidata`, `conhecida`, `quantas`, `valor`, `defeitos`: the fields of `Cell`.
    """
    ours = first_decisions(live).select(
        client(), "id_transacao", f.col("decisao").alias("viva"), f.col("valor").alias("_viva"), "transacao_em"
    )
    theirs = candidate.select(
        client(), "id_transacao", f.col("decisao").alias("candidata"), f.col("valor").alias("_candidata"), "defeito"
    )
    pairs = ours.join(theirs, list(KEY), "full")
    if disputes is None:
        known = pairs.withColumn("conhecida", f.lit(str(Label.UNKNOWN)))
    else:
        known = pairs.join(last_disputes(disputes), list(KEY), "left").withColumn("conhecida", _label(settled_before))
    return (
        known.withColumn("viva", _or_none("viva"))
        .withColumn("candidata", _or_none("candidata"))
        .groupBy("viva", "candidata", "conhecida")
        .agg(
            f.count("*").alias("quantas"),
            f.sum(f.coalesce("_viva", "_candidata")).alias("valor"),
            f.count_if("defeito").alias("defeitos"),
        )
    )


def cells(counted: DataFrame) -> list[Cell]:
    """The rows of `counted_pairs`, here."""
    rows = counted.select("viva", "candidata", "conhecida", "quantas", "valor", "defeitos").collect()
    return [Cell(row[0], row[1], row[2], row[3], Decimal(row[4]), row[5]) for row in rows]


def _label(settled_before: datetime | None) -> Column:
    found = f.when(f.col("resultado").isNotNull(), f.col("resultado"))
    if settled_before:
        settled = (f.col("viva") == str(Verdict.APPROVE)) & (f.col("transacao_em") < f.lit(settled_before))
        found = found.when(settled, f.lit(str(Label.HONEST)))
    return found.otherwise(f.lit(str(Label.UNKNOWN)))


def _or_none(name: str) -> Column:
    return f.coalesce(name, f.lit(NOT_DECIDED))
