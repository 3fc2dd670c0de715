"""Write, audit, publish: how a day gets into a batch table.

`stage_all` computes a day's marts where nobody reads them, `audit_all` lets their suites judge exactly those rows, and
`publish_all` makes exactly the judged rows visible, each table in one Delta commit. They may run in three processes:
what they hand on lies in staging. A mart is `gold.<name>`, its rows come from `jobs/batch/<name>.py`.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from importlib import import_module
from typing import Any, Protocol, TypeVar, cast

from pyspark.sql import DataFrame, SparkSession

from acude.contracts.model import Contract, marts, table
from acude.lake import month, records, staging
from acude.lake.month import MONTHLY, REGIONS
from acude.lake.publish import MartError, publish, session, summary
from acude.lake.records import Publication
from acude.lake.staging import Staged
from acude.quality.judge import QualityError, judge

SALES = "silver.vendas"

_TOGETHER = 4
"""Tables that are computed or committed at a time: a commit waits for S3 more than it computes."""

__all__ = [
    "MartError",
    "QualityError",
    "audit_all",
    "publish",
    "publish_all",
    "run",
    "session",
    "stage_all",
    "summary",
]

Given = TypeVar("Given")
Made = TypeVar("Made")


class Job(Protocol):
    """What a mart's file in jobs/batch offers."""

    TABLE: str
    SOURCES: tuple[str, ...]

    def rows(self, spark: SparkSession, day: date) -> DataFrame:
        """The mart's rows of a day, from what is published."""


def job_of(contract: Contract) -> Job:
    """The file that makes a mart, found by the table's name."""
    return cast("Job", import_module(f"jobs.batch.{contract.name}"))


def stage_all(day: date, run_id: str) -> dict[str, Any]:
    """Computes all marts of a day into staging.

    Args:
        day: UTC day whose silver.vendas is published.
        run_id: names the attempt; the same in the two steps that follow.

    Returns:
        By table: rows, sums by currency as text, hash, warnings.

    Raises:
        MartError: silver.vendas of that day isn't published.
    """
    sales = _published_sales(day)
    with session() as spark:
        daily = [contract for contract in marts() if contract.full_name != MONTHLY]
        staged = _each(daily, lambda contract: _stage_one(spark, contract, day, run_id, sales))
        regions = next(one for one in staged if one.table == REGIONS)
        staged.append(month.stage_with(spark, regions))
    return _by_table(staged)


def audit_all(day: date, run_id: str) -> dict[str, Any]:
    """Lets each mart's suite judge what `stage_all` staged; all are judged, also where one fails.

    Returns:
        By table: number of expectations, hash of the judged rows, and where the report lies.

    Raises:
        QualityError: at least one suite refused; the refused rows lie under `_rejeitados/`.
        StagingError: the day isn't staged by this run.
    """
    staged = [staging.staged(contract, day, run_id) for contract in marts()]
    return judge(staged)


def publish_all(day: date, run_id: str) -> dict[str, Any]:
    """Makes the judged rows of all marts visible.

    Returns:
        By table: rows, sums, hash and Delta version.

    Raises:
        StagingError: something is not judged, was refused, or is not what was judged; nothing was published.
        MartError: silver.vendas changed after the marts were staged; nothing was published.
        QualityError: the month, summed again because another day was published meanwhile, is refused.
    """
    staged = [staging.staged(contract, day, run_id) for contract in marts()]
    for one in staged:
        staging.verdict_of(one)
    _same_sales(day, staged)
    daily = [one for one in staged if one.table != MONTHLY]
    published = _each(daily, publish)
    published.append(month.publish_judged(next(one for one in staged if one.table == MONTHLY)))
    return _by_table(published)


def run(full_name: str, day: date, run_id: str) -> dict[str, Any]:
    """Stages, judges and publishes one mart.

    Args:
        full_name: `gold.<mart>`.
        day: UTC day.
        run_id: names the attempt.

    Raises:
        QualityError: its suite refused the rows; what was published before stands.
        MartError: its source isn't published.
    """
    contract = table(full_name)
    if full_name == MONTHLY:
        published = month.publish_settled(day, run_id)
    else:
        sales = _published_sales(day) if SALES in job_of(contract).SOURCES else None
        with session() as spark:
            staged = _stage_one(spark, contract, day, run_id, sales)
        judge([staged])
        published = publish(staged)
    return {full_name: summary(published)}


def _by_table(done: list[Staged] | list[Publication]) -> dict[str, Any]:
    return {one.table: summary(one) for one in done}


def _each(given: list[Given], action: Callable[[Given], Made]) -> list[Made]:
    """Some at a time; every one is finished before the first problem is raised."""
    with ThreadPoolExecutor(_TOGETHER) as pool:
        return list(pool.map(action, given))


def _stage_one(spark: SparkSession, contract: Contract, day: date, run_id: str, sales: Publication | None) -> Staged:
    job = job_of(contract)
    needs_sales = SALES in job.SOURCES
    rows = job.rows(spark, day).toArrow()
    return staging.stage(
        rows,
        contract,
        day,
        run_id,
        expected=sales.sums if sales and needs_sales else None,
        sources={SALES: sales.hash} if sales and needs_sales else {},
    )


def _published_sales(day: date) -> Publication:
    found = records.publication(SALES, day)
    if found is None:
        raise MartError(f"{SALES} of {day} isn't published; run jobs.batch.vendas of that day first")
    return found


def _same_sales(day: date, staged: list[Staged]) -> None:
    now = _published_sales(day).hash
    for one in staged:
        if one.sources.get(SALES, now) != now:
            raise MartError(f"{SALES} of {day} was published anew after {one.table} was staged; stage the marts again")
