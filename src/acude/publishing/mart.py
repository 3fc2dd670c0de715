"""Write, audit, publish: how a day gets into a mart."""

from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

from pyspark.sql import DataFrame, SparkSession

from acude.contracts.model import Contract, table
from acude.lake import run_records
from acude.lake.run_records import Publication
from acude.publishing import staging
from acude.publishing.audit import audit
from acude.publishing.publish import MartError, publish, session, summary
from acude.publishing.staging import Staged
from acude.publishing.views import Derive


class Mart(NamedTuple):
    """A gold table that the batch makes a day at a time.

    Attributes:
        table: full name.
        rows: the mart's rows of a day, from what is published.
        source: the table of the batch that its sums must equal; None where it has none.
        derive: adds the columns that its own expectations compare with; None where they need none.
    """

    table: str
    rows: Callable[[SparkSession, date], DataFrame]
    source: str | None = None
    derive: Derive | None = None

    @property
    def contract(self) -> Contract:
        """The table's contract."""
        return table(self.table)


def stage(spark: SparkSession, mart: Mart, day: date, run_id: str) -> Staged:
    """Computes a day of a mart where nobody reads it.

    Raises:
        MartError: its source isn't published.
    """
    context = None
    if mart.source:
        source = published(mart.source, day)
        context = staging.Context(expected=source.sums, sources={source.table: source.hash})
    return staging.stage(mart.rows(spark, day), mart.contract, day, run_id, context)


def run(mart: Mart, day: date, run_id: str) -> dict[str, Any]:
    """Stages, audits and publishes one mart.

    Args:
        mart: which.
        day: UTC day.
        run_id: names the attempt.

    Raises:
        QualityError: its suite refused the rows; what was published before stands.
        MartError: its source isn't published.
    """
    with session() as spark:
        staged = stage(spark, mart, day, run_id)
    audit([staged], {mart.table: mart.derive})
    return {mart.table: summary(publish(staged, assert_sources_unchanged))}


def published(name: str, day: date) -> Publication:
    """What is visible of a table's day.

    Raises:
        MartError: nothing was published.
    """
    found = run_records.publication(name, day)
    if found is None:
        raise MartError(
            f"{name} of {day} isn't published; run `acude backfill vendas_diarias --from {day} --to {day}` first"
        )
    return found


def assert_sources_unchanged(staged: Staged | Publication) -> None:
    """For `publish`.

    Raises:
        MartError: a source was published again since the mart was staged.
    """
    for name, content in staged.sources.items():
        if published(name, staged.day).hash != content:
            raise MartError(
                f"{name} of {staged.day} was published again after {staged.table} was staged; stage the marts again"
            )
