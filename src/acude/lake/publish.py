"""The last step of write, audit, publish: exactly the judged rows become visible, in one Delta commit."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyspark.sql import SparkSession

from acude.contracts.model import table
from acude.errors import AcudeError
from acude.lake import records, staging
from acude.lake.content import content_hash_of
from acude.lake.delta import has_files, replace_day
from acude.lake.provide import provide
from acude.lake.records import Publication
from acude.lake.session import batch_session
from acude.lake.staging import Staged
from acude.settings import Settings


class MartError(AcudeError):
    """A mart can't be made or published now; says what to run first."""


@contextmanager
def session(config: Settings | None = None) -> Iterator[SparkSession]:
    """A session on the warm batch server, closed at the end."""
    spark = batch_session(config)
    try:
        yield spark
    finally:
        spark.stop()


def publish(staged: Staged) -> Publication:
    """Makes one judged day visible, in one Delta commit.

    Raises:
        StagingError: it isn't judged, was refused, or the rows that lie there are not those that were judged.
    """
    verdict = staging.verdict_of(staged)
    contract = table(staged.table)
    rows = staging.rows_of(staged)
    found = content_hash_of(rows, contract)
    if found != verdict.hash:
        raise staging.StagingError(f"{staged.table} of {staged.day}: {found} is staged, {verdict.hash} was judged")
    found_table = provide(contract)
    if rows.num_rows or has_files(contract, staged.day):
        version = replace_day(found_table, rows, contract, staged.day, run_id=staged.run_id, content_hash=found)
    else:
        # Nothing in the place of nothing: a commit would only cost time.
        version = found_table.version()
    publication = Publication(
        table=staged.table,
        day=staged.day,
        run_id=staged.run_id,
        rows=rows.num_rows,
        hash=found,
        version=version,
        published_at=records.now(),
        sums=staged.sums,
        sources=staged.sources,
        expected=staged.expected,
        parameters=staged.parameters,
        warnings=staged.warnings,
    )
    records.put(records.publication_key(staged.table, staged.day), publication)
    staging.discard(staged)
    return publication


def summary(done: Staged | Publication) -> dict[str, Any]:
    """What a step's caller shows: plain JSON."""
    known = {"rows", "hash", "version", "sums", "warnings"}
    return done.model_dump(mode="json", include=known)
