"""Nothing lost, nothing twice: sets of Kafka coordinates, from the ledger to silver."""

from datetime import date, datetime, timedelta
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from acude.contracts.model import table, topics
from acude.lake.delta import table_path
from acude.reconciliation.report import SetRow
from acude.settings import Settings
from acude.simulator import ledger as ledgers

_COORDINATE = ["topico", "particao", "deslocamento"]
_EXAMPLES = 3
_NO_COORDINATES = "topico string, particao int, deslocamento bigint"


def set_rows(config: Settings, spark: SparkSession, first: date, last: date) -> list[SetRow]:
    """Compares the coordinates that landed on those days (UTC, by the broker's clock).

    Returns:
        One row a rule. A batch that is being committed at the moment shows as broken; ask again.
    """
    bronze = _on_days(spark.read.format("delta").load(table_path(table("bronze.eventos"))), first, last)
    sealed = bronze.agg(f.max("ingerido_em")).first()
    stamp = sealed[0] if sealed else None
    if stamp is None:
        landed, refined = (spark.createDataFrame([], _NO_COORDINATES) for _ in range(2))
    else:
        landed = bronze.where(f.col("ingerido_em") <= f.lit(stamp))
        refined = _refined(spark, first, last, stamp)
    landed = landed.select(*_COORDINATE).cache()
    refined = refined.select(*_COORDINATE).cache()
    rows = [
        _row("Every coordinate is in bronze once", landed, _more_than_once(landed)),
        _row("Every coordinate is refined once", refined, _more_than_once(refined)),
        _row(
            "What is in bronze is in silver, quarantine or duplicates",
            landed,
            landed.join(refined, _COORDINATE, "left_anti"),
        ),
        _row("What is refined is in bronze", refined, refined.join(landed, _COORDINATE, "left_anti")),
    ]
    return rows + _ledger_rows(config, spark, first, last)


def _on_days(frame: DataFrame, first: date, last: date) -> DataFrame:
    return frame.where(f.to_date("carimbo_kafka").between(f.lit(first), f.lit(last)))


def _refined(spark: SparkSession, first: date, last: date, stamp: datetime) -> DataFrame:
    """Coordinates of all that silver made of bronze."""
    silver = [
        spark.read.format("delta")
        .load(table_path(table(f"silver.{topic.name}")))
        .withColumn("topico", f.lit(topic.name))
        for topic in topics()
    ]
    quarantine = spark.read.format("delta").load(table_path(table("silver.quarentena")))
    repeats = spark.read.format("delta").load(table_path(table("silver.duplicatas")))
    days = f.col("data").between(f.lit(first), f.lit(last))
    parts = [_on_days(frame, first, last) for frame in [*silver, quarantine]] + [repeats.where(days)]
    return reduce(
        DataFrame.unionByName,
        [part.where(f.col("ingerido_em") <= f.lit(stamp)).select(*_COORDINATE) for part in parts],
    )


def _more_than_once(coordinates: DataFrame) -> DataFrame:
    return coordinates.groupBy(*_COORDINATE).count().where("count > 1")


def _row(rule: str, checked: DataFrame, broken: DataFrame) -> SetRow:
    count = broken.count()
    examples = [f"{r.topico}/{r.particao}/{r.deslocamento}" for r in broken.limit(_EXAMPLES).collect()] if count else []
    return SetRow(rule, checked.count(), count, tuple(examples))


def _ledger_rows(config: Settings, spark: SparkSession, first: date, last: date) -> list[SetRow]:
    """What the broker acknowledged is in bronze, and no send is there under a second coordinate."""
    sent = ledgers.read(config.var)
    days = pc.cast(sent["enviado_em"], pa.date32())
    sent = sent.filter(
        pc.and_(
            pc.and_(pc.greater_equal(days, pa.scalar(first)), pc.less_equal(days, pa.scalar(last))),
            pc.is_valid(sent["topico"]),
        )
    ).select(["id_envio", *_COORDINATE, "resposta"])
    if not sent.num_rows:
        return []
    # A send of the day's last seconds may land on the next day.
    bronze = spark.read.format("delta").load(table_path(table("bronze.eventos")))
    near = _on_days(bronze, first, last + timedelta(days=1))
    ledger = spark.createDataFrame(sent)
    confirmed = ledger.where(f.col("resposta") == ledgers.CONFIRMED)
    trace = f.expr("decode(filter(cabecalhos, h -> h.chave = 'id_rastro')[0].valor, 'UTF-8')")
    traced = near.withColumn("id_envio", trace).select("id_envio", *_COORDINATE)
    elsewhere = traced.join(confirmed.select("id_envio"), "id_envio").join(
        confirmed.select(*_COORDINATE), _COORDINATE, "left_anti"
    )
    return [
        _row("What the broker acknowledged is in bronze", confirmed, confirmed.join(near, _COORDINATE, "left_anti")),
        _row("No acknowledged send is in bronze a second time", confirmed, elsewhere),
    ]
