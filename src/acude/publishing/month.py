"""The monthly mart: summed from published days, by runs of several days at once, without losing any.

Runs of several days of a month may end together, each holding a month that lacks the others' days. Each looks at the
days again after its own commit, so the last commit is always of a month whose days nobody has changed since.
"""

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import SparkSession

from acude.contracts.model import table
from acude.contracts.spark import schema
from acude.lake.content import content_hash_of
from acude.lake.delta import days_of_month
from acude.lake.run_records import Publication
from acude.lake.snapshot import rows_of_days
from acude.publishing import staging
from acude.publishing.audit import audit
from acude.publishing.publish import MartError, publish, session
from acude.publishing.staging import Staged

MONTHLY = "gold.receita_mensal"
REGIONS = "gold.vendas_por_regiao"

_ATTEMPTS = 6


def stage_with(spark: SparkSession, regions: Staged) -> Staged:
    """Stages the month as it will be once the staged day of gold.vendas_por_regiao is published."""
    published = published_days(regions.day)
    others = published.filter(pc.not_equal(published["data"], pa.scalar(regions.day)))
    days = pa.concat_tables([others, staging.rows_of(regions).cast(others.schema)])
    return _stage(spark, days, regions.day, regions.run_id)


def publish_judged(staged: Staged) -> Publication:
    """Publishes the judged month, and sums it again where another day was published meanwhile."""
    published = publish(staged)
    if _is_of_the_days_now(published):
        return published
    return publish_settled(staged.day, staged.run_id)


def publish_settled(day: date, run_id: str) -> Publication:
    """Sums, judges and publishes the month until it is the sum of the days that are visible afterwards.

    Raises:
        QualityError: its suite refused it; the month as it was stands.
        MartError: the days kept changing.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        with session() as spark:
            staged = _stage(spark, published_days(day), day, f"{run_id}-mes{attempt}")
        audit([staged])
        published = publish(staged)
        if _is_of_the_days_now(published):
            return published
    raise MartError(f"{MONTHLY} of {day:%Y-%m}: its days changed during {_ATTEMPTS} attempts; run {day} again later")


def published_days(day: date) -> pa.Table:
    """The rows of gold.vendas_por_regiao in the day's month."""
    return rows_of_days(table(REGIONS), *days_of_month(day))


def _stage(spark: SparkSession, days: pa.Table, day: date, run_id: str) -> Staged:
    from jobs.batch.receita_mensal import revenue_per_month  # noqa: PLC0415 - the job imports this package

    # Spark Connect takes no empty Arrow table, not even with a schema beside it.
    frame = spark.createDataFrame(days if days.num_rows else [], schema(table(REGIONS)))
    rows = revenue_per_month(frame).toArrow()
    source = {REGIONS: content_hash_of(days, table(REGIONS))}
    return staging.stage(
        rows, table(MONTHLY), day, run_id, staging.Context(expected=staging.sums_by_currency(days), sources=source)
    )


def _is_of_the_days_now(published: Publication) -> bool:
    days = published_days(published.day)
    return published.sources[REGIONS] == content_hash_of(days, table(REGIONS))
