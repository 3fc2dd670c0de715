"""Write, audit, publish: how a day gets into a mart."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from acude.contracts.model import Contract, table
from acude.lake import run_records
from acude.lake.run_records import Publication
from acude.publishing import staging
from acude.publishing.audit import audit
from acude.publishing.publish import MartError, publish, session, staged_or_published, summary
from acude.publishing.staging import Staged
from acude.publishing.views import Derive

Sums = dict[str, dict[str, str]]
"""By currency and measure, exact, as text."""


@dataclass(frozen=True)
class Mart:
    """A gold table that the batch makes a day at a time. One that is made otherwise overrides the steps.

    Attributes:
        table: full name.
        rows: the mart's rows of a day, from what is published.
        source: the table of the batch that its sums must equal; None where it has none.
        derive: adds the columns that its own expectations compare with; None where they need none.
        of_marts: whether it is made of other marts of the same run, and therefore after them.
    """

    table: str
    rows: Callable[[SparkSession, date], DataFrame]
    source: str | None = None
    derive: Derive | None = None
    of_marts: bool = False

    @property
    def contract(self) -> Contract:
        """The table's contract."""
        return table(self.table)

    def stage(self, spark: SparkSession, day: date, run_id: str) -> Staged:
        """Computes a day where nobody reads it.

        Raises:
            MartError: its source isn't published.
        """
        context = None
        if self.source:
            source = published(self.source, day)
            context = staging.Context(expected=source.sums, sources={source.table: source.hash})
        return staging.stage(self.rows(spark, day), self.contract, day, run_id, context)

    def of_run(self, day: date, run_id: str) -> Staged | Publication:
        """What the run staged, or has published already.

        Raises:
            StagingError: neither.
        """
        return staged_or_published(self.table, day, run_id)

    def assert_current(self, done: Staged | Publication) -> None:
        """Compares what was made with its sources as they are now.

        Raises:
            MartError: a source was published again since the mart was staged.
        """
        for name, content in done.sources.items():
            if published(name, done.day).hash != content:
                raise MartError(
                    f"{name} of {done.day} was published again after {done.table} was staged; stage the marts again"
                )

    def publish(self, done: Staged | Publication, run_id: str) -> Publication:  # noqa: ARG002 - others need it
        """Makes what was audited visible, unless it is."""
        return done if isinstance(done, Publication) else publish(done, self.assert_current)

    def promised(self, publication: Publication) -> tuple[Sums | None, str | None]:
        """The sums and the hash that the visible rows must have now; None where nothing is promised."""
        return publication.expected, publication.hash

    def run(self, day: date, run_id: str) -> dict[str, Any]:
        """Stages, audits and publishes this mart alone.

        Args:
            day: UTC day.
            run_id: names the attempt.

        Raises:
            QualityError: its suite refused the rows; what was published before stands.
            MartError: its source isn't published.
        """
        with session() as spark:
            staged = self.stage(spark, day, run_id)
        audit([staged], {self.table: self.derive})
        return {self.table: summary(self.publish(staged, run_id))}


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
