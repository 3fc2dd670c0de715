"""gold.receita_mensal: a month's revenue by currency, summed from the days of gold.vendas_por_regiao.

Runs of several days of a month may end together, each with a month that lacks the others' days. So each run sums the
days again after its own commit and publishes the month again where it differs: the last commit has all days.
"""

from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from acude.contracts.model import table
from acude.contracts.spark import schema
from acude.lake.content import content_hash_of
from acude.lake.delta import days_of_month
from acude.lake.run_records import Publication
from acude.lake.snapshot import rows_of_days
from acude.publishing import staging
from acude.publishing.audit import audit
from acude.publishing.mart import Mart, Sums
from acude.publishing.publish import MartError, publish, session, staged_or_published, summary
from acude.publishing.staging import Staged
from acude.publishing.submit import submit
from acude.publishing.totals import sums_by_currency
from jobs.batch import vendas_por_regiao

TABLE = "gold.receita_mensal"
SOURCE = vendas_por_regiao.TABLE

_ATTEMPTS = 6


def revenue_per_month(regions: DataFrame) -> DataFrame:
    """One row per month and currency.

    Args:
        regions: rows of gold.vendas_por_regiao.

    Returns:
        `mes` (YYYY-MM), `pedidos`, `quantidade`, `receita`, `moeda`; pedidos is the sum of the days' and regions'.
    """
    return (
        regions.groupBy(f.date_format("data", "yyyy-MM").alias("mes"), "moeda")
        .agg(
            f.sum("pedidos").alias("pedidos"),
            f.sum("quantidade").alias("quantidade"),
            f.sum("receita").cast("decimal(38,4)").alias("receita"),
        )
        .select("mes", "pedidos", "quantidade", "receita", "moeda")
    )


class Month(Mart):
    """The month, from days that may be of other runs."""

    def stage(self, spark: SparkSession, day: date, run_id: str) -> Staged:
        """Stages the month as it will be once the run's staged day of gold.vendas_por_regiao is published.

        Raises:
            StagingError: the run has not staged that day.
        """
        visible = published_days(day)
        others = visible.filter(pc.not_equal(visible["data"], pa.scalar(day)))
        regions = staging.rows_of(staging.staged(SOURCE, day, run_id))
        return _stage(spark, pa.concat_tables([others, regions.cast(others.schema)]), day, run_id)

    def of_run(self, day: date, run_id: str) -> Staged | Publication:
        """What the run staged or published of the month; one that it has summed again is its own, too.

        Raises:
            StagingError: neither.
        """
        return staged_or_published(TABLE, day, run_id, *_attempts(run_id))

    def assert_current(self, done: Staged | Publication) -> None:
        """Days that were published meanwhile are no fault: the month is summed again."""

    def publish(self, done: Staged | Publication, run_id: str) -> Publication:
        """Publishes the audited month, and sums it again where another day was published meanwhile."""
        published = done if isinstance(done, Publication) else publish(done, None)
        return published if _is_of_the_days_now(published) else _publish_settled(done.day, run_id)

    def promised(self, publication: Publication) -> tuple[Sums | None, str | None]:
        """Other days' runs replace the month too: it has to be the sum of its days as they are now."""
        return sums_by_currency(published_days(publication.day)), None

    def run(self, day: date, run_id: str) -> dict[str, Any]:
        """Sums, audits and publishes the month of the day from the days that are published.

        Raises:
            QualityError: its suite refused it; the month as it was stands.
            MartError: the days kept changing.
        """
        return {TABLE: summary(_publish_settled(day, run_id))}


def rows(spark: SparkSession, day: date) -> DataFrame:
    """The rows of the day's month, from the days that are published."""
    return revenue_per_month(days_frame(spark, published_days(day)))


MART = Month(TABLE, rows, of_marts=True)


def _publish_settled(day: date, run_id: str) -> Publication:
    """Publishes the month until it is the sum of the days that are visible afterwards."""
    for attempt in _attempts(run_id):
        with session() as spark:
            staged = _stage(spark, published_days(day), day, attempt)
        audit([staged], {})
        published = publish(staged, None)
        if _is_of_the_days_now(published):
            return published
    raise MartError(f"{TABLE} of {day:%Y-%m}: its days changed during {_ATTEMPTS} attempts; run {day} again later")


def _attempts(run_id: str) -> list[str]:
    """The names under which a run sums the month again."""
    return [f"{run_id}-mes{number}" for number in range(1, _ATTEMPTS + 1)]


def published_days(day: date) -> pa.Table:
    """The rows of gold.vendas_por_regiao in the day's month."""
    return rows_of_days(table(SOURCE), *days_of_month(day))


def days_frame(spark: SparkSession, days: pa.Table) -> DataFrame:
    """The same rows for Spark."""
    # Spark Connect takes no empty Arrow table, not even with a schema beside it. And Spark reads nothing that comes
    # behind two empty chunks.
    return spark.createDataFrame(days.combine_chunks() if days.num_rows else [], schema(table(SOURCE)))


def _stage(spark: SparkSession, days: pa.Table, day: date, run_id: str) -> Staged:
    context = staging.Context(expected=sums_by_currency(days), sources={SOURCE: content_hash_of(days, table(SOURCE))})
    return staging.stage(revenue_per_month(days_frame(spark, days)), table(TABLE), day, run_id, context)


def _is_of_the_days_now(published: Publication) -> bool:
    days = published_days(published.day)
    return published.sources[SOURCE] == content_hash_of(days, table(SOURCE))


if __name__ == "__main__":
    submit("receita_mensal", __doc__, MART.run)
