"""Staged rows: files of the table that no version names yet; audited as they lie, and published as they lie.

A staged day is Parquet files under the table's own prefix and their description `dados.json` in
`_staging/<layer>/<table>/<day>/<run_id>/`; the audit's result joins it as `veredito.json`. What is refused is copied to
`_rejeitados/…`; its files go with the next maintenance, as those of runs that died.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

import pyarrow as pa
from botocore.exceptions import ClientError
from pydantic import Field
from pyspark.sql import DataFrame

from acude.aws import delete, is_missing, keys, objects, s3
from acude.contracts.model import Contract, table
from acude.days import require_days
from acude.errors import AcudeError
from acude.lake import run_records
from acude.lake.data_files import DataFile, Target, nullable
from acude.lake.file_frames import rows_of_file, write_frame
from acude.lake.object_store import object_store
from acude.lake.run_records import ControlObject
from acude.publishing.totals import Totals
from acude.settings import settings

STAGING = "_staging"
REJECTED = "_rejeitados"
_DESCRIPTION = "dados.json"
_RESULT = "veredito.json"


class StagingError(AcudeError):
    """Staged rows are missing, or are not those that were audited."""


class Staged(ControlObject):
    """The description of a staged day.

    `files` hold the rows; `sums` are the rows' own sums by currency; `expected` the sums that its source promises,
    None where the table has no money; `parameters` are what the suite's expectations ask for by name.
    """

    table: str
    day: date
    run_id: str
    rows: int
    hash: str
    files: list[DataFile] = Field(default_factory=list)
    sums: dict[str, dict[str, str]] = Field(default_factory=dict)
    expected: dict[str, dict[str, str]] | None = None
    parameters: dict[str, int | str] = Field(default_factory=dict)
    sources: dict[str, str] = Field(default_factory=dict)
    warnings: list[str] = Field(default_factory=list)


class Failure(ControlObject):
    """One expectation that was not met, in words and figures."""

    expectation: str
    column: str
    expected: str
    found: str
    sample: list[str] = Field(default_factory=list)
    meaning: str = ""


class AuditResult(ControlObject):
    """What the suite said about the staged rows with this hash."""

    table: str
    day: date
    run_id: str
    hash: str
    etags: dict[str, str] = Field(default_factory=dict, description="Of each audited file, by path")
    expectations: int = Field(description="How many were asked")
    failures: list[Failure] = Field(default_factory=list)
    audited_at: datetime

    @property
    def success(self) -> bool:
        """True where nothing failed."""
        return not self.failures


def folder(contract: Contract, day: date, run_id: str, root: str = STAGING) -> str:
    """Where a staged (or rejected) day lies in the lake's bucket, with a slash at the end."""
    return f"{root}/{contract.layer}/{contract.name}/{day}/{path_name(run_id)}/"


def path_name(run_id: str) -> str:
    """A run id as a part of a path: Airflow's hold colons, which Hadoop's paths can't.

    >>> path_name("scheduled__2026-11-22T00:00:00+00:00")
    'scheduled__2026-11-22T00_00_00_00_00'
    """
    return re.sub(r"[^A-Za-z0-9._-]", "_", run_id)


class Context(NamedTuple):
    """What is known of a staged day beside its rows.

    Attributes:
        expected: sums by currency that the rows must add up to.
        parameters: figures for the suite's expectations.
        sources: content hash of each published table that was read.
        warnings: what the operator should know.
    """

    expected: dict[str, dict[str, str]] | None = None
    parameters: Mapping[str, int | str] = {}
    sources: Mapping[str, str] = {}
    warnings: Sequence[str] = ()


def stage(frame: DataFrame, contract: Contract, day: date, run_id: str, context: Context | None = None) -> Staged:
    """Stages a mart's day, however many rows it has: an executor writes them and adds them up.

    Args:
        frame: the contract's columns.
        contract: the table they are for.
        day: UTC day.
        run_id: names the attempt; a second one with the same name replaces it.
        context: what else is known.

    Raises:
        ContractViolation: a column is missing or of another type, or a required one holds a null.
        DayError: the day has not begun.
    """
    require_days(day)
    # One file a day, for each is looked up by itself (`acude.lake.snapshot`); more only from `FILE_BYTES` on.
    return describe(write(frame.coalesce(1), contract), day, run_id, context)


class WrittenRows(NamedTuple):
    """A frame's rows in files, and what they add up to."""

    contract: Contract
    files: list[DataFile]
    totals: Totals


def write(frame: DataFrame, contract: Contract) -> WrittenRows:
    """The first half of `stage`, for a context that is known only once the rows are written."""
    written = write_frame(frame, contract, observer=Totals)
    totals = Totals(contract)
    for found in written.observed:
        totals.merge(found)
    return WrittenRows(contract, written.files, totals)


def describe(written: WrittenRows, day: date, run_id: str, context: Context | None = None) -> Staged:
    """The second half of `stage`: from now on the rows can be audited."""
    contract, files, totals = written
    context = context or Context()
    staged = Staged(
        table=contract.full_name,
        day=day,
        run_id=run_id,
        rows=totals.rows,
        hash=totals.hash,
        files=files,
        sums=totals.sums,
        expected=context.expected,
        parameters={"dia": day.isoformat(), "linhas": totals.rows, **context.parameters},
        sources=dict(context.sources),
        warnings=list(context.warnings),
    )
    run_records.put(folder(contract, day, run_id) + _DESCRIPTION, staged)
    return staged


def staged(name: str, day: date, run_id: str) -> Staged:
    """The description of what was staged.

    Raises:
        StagingError: nothing was, or it was refused.
    """
    contract = table(name)
    found = run_records.get(Staged, folder(contract, day, run_id) + _DESCRIPTION)
    if found is None:
        rejected = folder(contract, day, run_id, REJECTED)
        if run_records.get(Staged, rejected + _DESCRIPTION):
            raise StagingError(
                f"{name} of {day} was refused in run {run_id}; the rows and what is wrong with them are kept in "
                f"{settings().lake_bucket}/{rejected}; correct the source and run the day again"
            )
        raise StagingError(f"{name} of {day} is not staged by run {run_id}; stage the day first")
    return found


def rows_of(staged: Staged) -> pa.Table:
    """The staged rows, as they lie on S3 now.

    Args:
        staged: a day that fits into memory.

    Raises:
        StagingError: a file is gone, or cut off.
    """
    contract = table(staged.table)
    target, store = Target.of(contract), object_store(settings())
    found = [nullable(target.schema).empty_table()]
    for file in staged.files:
        try:
            found += rows_of_file(store, target, file.path, file.partition)
        except FileNotFoundError as problem:
            raise StagingError(
                f"{file.path} of {staged.table} is gone; stage and audit {staged.day} again"
            ) from problem
        except pa.ArrowInvalid as problem:
            raise StagingError(
                f"{file.path} of {staged.table} is no whole Parquet file; stage and audit {staged.day} again"
            ) from problem
    return pa.concat_tables(found)


def etags_of(staged: Staged) -> dict[str, str]:
    """What S3 says each staged file is, by path.

    Raises:
        StagingError: a file is gone.
    """
    prefix = table(staged.table).prefix
    found = {}
    for file in staged.files:
        try:
            answer = s3().head_object(Bucket=settings().lake_bucket, Key=f"{prefix}/{file.path}")
        except ClientError as problem:
            if not is_missing(problem):
                raise
            raise StagingError(
                f"{file.path} of {staged.table} is gone; stage and audit {staged.day} again"
            ) from problem
        found[file.path] = answer["ETag"]
    return found


def put_result(result: AuditResult) -> None:
    """Keeps an audit's result beside the rows it is about."""
    run_records.put(folder(table(result.table), result.day, result.run_id) + _RESULT, result)


def passed(staged: Staged) -> AuditResult:
    """The result of the audit that exactly these staged rows passed.

    Raises:
        StagingError: there is none, it is about other files, or it refused them.
    """
    contract = table(staged.table)
    found = run_records.get(AuditResult, folder(contract, staged.day, staged.run_id) + _RESULT)
    what = f"{staged.table} of {staged.day} (run {staged.run_id})"
    if found is None:
        raise StagingError(f"{what} was not audited; audit it before publishing")
    if found.hash != staged.hash or found.etags != etags_of(staged):
        raise StagingError(f"{what} was audited as {found.hash}, and other files are staged; audit it again")
    if not found.success:
        raise StagingError(f"{what} was refused by its expectations; correct its source and run the day again")
    return found


def keep_rejected(staged: Staged) -> str:
    """Copies a refused day to where it can be looked at; returns its place in the lake's bucket."""
    contract = table(staged.table)
    source = folder(contract, staged.day, staged.run_id)
    target = folder(contract, staged.day, staged.run_id, REJECTED)
    client, bucket = s3(), settings().lake_bucket
    copied = {key: target + key[len(source) :] for key in keys(bucket, source)}
    copied |= {f"{contract.prefix}/{file.path}": target + file.path for file in staged.files}
    for key, new in copied.items():
        client.copy_object(Bucket=bucket, CopySource={"Bucket": bucket, "Key": key}, Key=new)
    return target


def discard(staged: Staged) -> None:
    """Removes the description of a staged day; its files belong to the table by now, or are swept later."""
    place, bucket = folder(table(staged.table), staged.day, staged.run_id), settings().lake_bucket
    delete(bucket, list(keys(bucket, place)))


def expire(older_than: timedelta, root: str = STAGING) -> int:
    """Removes what runs that died left behind, the warehouse's loads among them, or refused rows that are old.

    Args:
        older_than: age of the last write.
        root: `STAGING`, `REJECTED`, or the folder of the Data Docs.

    Returns:
        How many objects went.
    """
    limit, bucket = run_records.now() - older_than, settings().lake_bucket
    old = [entry["Key"] for entry in objects(bucket, f"{root}/") if entry["LastModified"] < limit]
    delete(bucket, old)
    return len(old)
