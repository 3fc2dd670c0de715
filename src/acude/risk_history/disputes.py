"""The dispute that holds on each payment, in Spark (`acude.risk.disputes` has the rule)."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as f

from acude.risk.disputes import LAST_FIRST
from acude.risk.first_decision import CLIENT, KEY
from acude.risk_history.first_decision import client


def last_disputes(disputes: DataFrame) -> DataFrame:
    """One row per payment: `id_cliente` ("" without one), `id_transacao`, `resultado`.

    Args:
        disputes: rows of silver.contestacoes.
    """
    order = [f.desc(name) if way == "descending" else f.asc(name) for name, way in LAST_FIRST]
    place = Window.partitionBy(*KEY).orderBy(*order)
    named = disputes.withColumn(CLIENT, client())
    last = named.withColumn("_place", f.row_number().over(place)).where("_place = 1")
    return last.select(*KEY, "resultado")
