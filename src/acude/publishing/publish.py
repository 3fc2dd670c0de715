"""The last step of write, audit, publish: exactly the audited files become visible, in one Delta commit."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from acude.aws import refusal_on_executors
from acude.contracts.model import table
from acude.errors import AcudeError
from acude.lake import run_records
from acude.lake.commit import BatchWriter, paths_in, replace_partitions
from acude.lake.delta import partition_column, partition_of
from acude.lake.ensure_table import ensure_table
from acude.lake.run_records import Publication
from acude.lake.session import batch_session, own_session
from acude.publishing import staging
from acude.publishing.staging import Staged
from acude.settings import Settings


class MartError(AcudeError):
    """A mart can't be made or published now; says what to run first."""


@contextmanager
def session(config: Settings | None = None) -> Iterator[SparkSession]:
    """A session on the warm batch server, closed at the end; a job that was submitted has a driver of its own.

    Raises:
        AccessRefusedError: executors may not read or write a bucket.
    """
    spark = own_session()
    mine = spark is None
    spark = spark or batch_session(config)
    try:
        yield spark
    except PySparkException as problem:
        if refusal := refusal_on_executors(str(problem)):
            raise refusal from problem
        raise
    finally:
        if mine:
            spark.stop()


def publish(staged: Staged, check: Callable[[Staged], None] | None) -> Publication:
    """Makes exactly the audited files visible in the place of the day's old ones, in one Delta commit.

    Args:
        staged: the day.
        check: raises where the rows' sources have changed. What another run publishes after it was called is not
            replaced, however long this process sleeps. Without one the last run wins.

    Raises:
        StagingError: it isn't audited, was refused, or the files that lie there are not those that were audited.
        PartitionChanged: another run published the day after `check`; nothing was published.
    """
    staging.passed(staged)
    contract = table(staged.table)
    place = {partition_column(contract): partition_of(contract, staged.day)}
    if any(not place.items() <= file.partition.items() for file in staged.files):
        raise staging.StagingError(f"{staged.table} of {staged.day}: rows of another day are staged; stage it again")
    about = {
        "tabela": staged.table,
        "particao": place[partition_column(contract)],
        "execucao": staged.run_id,
        "hash": staged.hash,
    }
    into = ensure_table(contract)
    seen = None
    if check:
        seen = paths_in(into, place)
        check(staged)
    version = replace_partitions(
        into, BatchWriter(), staged.files, [place], {"userMetadata": json.dumps(about)}, seen=seen
    )
    publication = Publication(
        table=staged.table,
        day=staged.day,
        run_id=staged.run_id,
        rows=staged.rows,
        hash=staged.hash,
        version=version,
        published_at=run_records.now(),
        sums=staged.sums,
        sources=staged.sources,
        expected=staged.expected,
        parameters=staged.parameters,
        warnings=staged.warnings,
    )
    run_records.put_newer(publication)
    staging.discard(staged)
    return publication


def staged_or_published(name: str, day: date, *run_ids: str) -> Staged | Publication:
    """What a run staged; or, where it is published already, its publication, so that a task that died goes on.

    Args:
        name: the table's full name.
        day: UTC day.
        run_ids: the run's, under which it stages; and others under which it publishes.

    Raises:
        StagingError: the run staged nothing, or another run has published the day since.
    """
    try:
        return staging.staged(name, day, run_ids[0])
    except staging.StagingError:
        done = run_records.publication(name, day)
        if done is None or done.run_id not in run_ids:
            raise
        return done


def summary(done: Staged | Publication) -> dict[str, Any]:
    """What a step's caller shows: plain JSON."""
    known = {"rows", "hash", "version", "sums", "warnings"}
    return done.model_dump(mode="json", include=known)
