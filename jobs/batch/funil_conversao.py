"""gold.funil_conversao: where a day's shoppers drop out between the first look and the purchase."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pandas as pd
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from acude.contracts.model import table
from acude.lake.delta import read_day
from acude.publishing.mart import Mart
from acude.publishing.submit import submit

TABLE = "gold.funil_conversao"
STEPS = ("visualizacao", "clique", "carrinho", "compra")

_SIX_DIGITS = Decimal("0.000001")


def conversion_funnel(events: DataFrame, day: date) -> DataFrame:
    """The four steps of a day, each with the shoppers that did it and all steps before it.

    Args:
        events: that day's rows of silver.eventos_clientes: `id_usuario`, `tipo_evento`.
        day: UTC day.

    Returns:
        `data`, `etapa`, `usuarios`, `taxa` (of the first step's, six decimals, null where nobody came); always four
        rows, zeros on a day without events.
    """
    shoppers = events.groupBy("id_usuario").agg(
        *(f.max(f.when(f.col("tipo_evento") == step, 1).otherwise(0)).alias(step) for step in STEPS)
    )
    reached = [
        f.count_if(f.least(*STEPS[: place + 1]) == 1 if place else f.col(step) == 1).alias(step)
        for place, step in enumerate(STEPS)
    ]
    steps = f.explode(f.array(*(f.struct(f.lit(s).alias("etapa"), f.col(s).alias("usuarios")) for s in STEPS)))
    share = f.col("usuarios").cast("decimal(20,0)") / f.nullif(f.col(STEPS[0]), f.lit(0)).cast("decimal(20,0)")
    return (
        shoppers.agg(*reached)
        .select(f.col(STEPS[0]), steps.alias("passo"))
        .select(STEPS[0], "passo.*")
        .select(f.lit(day).alias("data"), "etapa", "usuarios", share.cast("decimal(9,6)").alias("taxa"))
    )


def rows(spark: SparkSession, day: date) -> DataFrame:
    """The mart's rows of a day."""
    return conversion_funnel(read_day(spark, table("silver.eventos_clientes"), day), day)


def with_expected_rates(frame: pd.DataFrame) -> pd.DataFrame:
    """The mart's rows in the steps' order, with `usuarios_da_etapa_anterior`, `taxa_escrita` and `taxa_esperada`."""
    order = frame["etapa"].map({step: place for place, step in enumerate(STEPS)})
    frame = frame.assign(_order=order).sort_values("_order").drop(columns="_order").reset_index(drop=True)
    first = int(frame["usuarios"].iloc[0]) if len(frame) else 0
    taxa = [_share(int(users), first) for users in frame["usuarios"]]
    return frame.assign(
        usuarios_da_etapa_anterior=frame["usuarios"].shift(1),
        # As text: a null is a value here, and Great Expectations would pass over it.
        taxa_escrita=frame["taxa"].map(str),
        taxa_esperada=pd.Series([str(share) for share in taxa], dtype=object),
    )


def _share(users: int, first: int) -> Decimal | None:
    return (Decimal(users) / Decimal(first)).quantize(_SIX_DIGITS, ROUND_HALF_UP) if first else None


MART = Mart(TABLE, rows, derive=with_expected_rates)


if __name__ == "__main__":
    submit("funil_conversao", __doc__, MART.run)
