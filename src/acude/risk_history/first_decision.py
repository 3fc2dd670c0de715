"""The first decision on each payment, in Spark (`acude.risk.first_decision` has the rule)."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as f

from acude.risk.first_decision import CLIENT, KEY, ORDER


def first_decisions(decisions: DataFrame) -> DataFrame:
    """One row per payment, with all columns.

    Args:
        decisions: rows of silver.decisoes_risco.
    """
    first = f.min_by(f.struct("*"), f.struct(*ORDER)).alias("first")
    return decisions.groupBy(*KEY).agg(first).select("first.*")


def client() -> Column:
    """`id_cliente` without nulls, which no join brings together: "" where a payment came by the topic."""
    return f.coalesce(CLIENT, f.lit("")).alias(CLIENT)
