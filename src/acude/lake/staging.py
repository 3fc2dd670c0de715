"""Staged rows: written where nobody reads them, judged there, and published from there byte for byte.

A staged day is one Parquet object `_staging/<layer>/<table>/<day>/<run_id>/linhas.parquet` and its description
`dados.json` beside it; the verdict joins them as `veredito.json`. What is refused moves to `_rejeitados/…`.
"""

import io
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from acude.contracts.model import Contract, table
from acude.errors import AcudeError
from acude.lake import records
from acude.lake.content import content_hash_of
from acude.lake.delta import conforming
from acude.lake.records import Record, s3
from acude.settings import settings

STAGING = "_staging"
REJECTED = "_rejeitados"
_ROWS, _DESCRIPTION = "linhas.parquet", "dados.json"
VERDICT = "veredito.json"


class StagingError(AcudeError):
    """Staged rows are missing, or are not those that were judged."""


class Staged(Record):
    """The description of a staged day.

    `sums` are the rows' own sums by currency; `expected` the sums that its source promises, None where the table has
    no money; `parameters` are what the suite's expectations ask for by name.
    """

    table: str
    day: date
    run_id: str
    rows: int
    hash: str
    etag: str
    sums: dict[str, dict[str, str]] = Field(default_factory=dict)
    expected: dict[str, dict[str, str]] | None = None
    parameters: dict[str, int | str] = Field(default_factory=dict)
    sources: dict[str, str] = Field(default_factory=dict)
    warnings: list[str] = Field(default_factory=list)


class Failure(Record):
    """One expectation that was not met, in words and figures."""

    expectation: str
    column: str
    expected: str
    found: str
    sample: list[str] = Field(default_factory=list)
    meaning: str = ""


class Verdict(Record):
    """What the suite said about the staged rows with this hash."""

    table: str
    day: date
    run_id: str
    hash: str
    etag: str
    expectations: int = Field(description="How many were asked")
    failures: list[Failure] = Field(default_factory=list)
    judged_at: datetime

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


def stage(
    rows: pa.Table,
    contract: Contract,
    day: date,
    run_id: str,
    *,
    expected: dict[str, dict[str, str]] | None = None,
    parameters: Mapping[str, int | str] | None = None,
    sources: Mapping[str, str] | None = None,
    warnings: list[str] | None = None,
) -> Staged:
    """Writes a day's rows to staging.

    Args:
        rows: the contract's columns in the contract's order and types.
        contract: the table they are for.
        day: UTC day.
        run_id: names the attempt; a second one with the same name replaces it.
        expected: sums by currency that the rows must add up to.
        parameters: figures for the suite's expectations.
        sources: content hash of each published table that was read.
        warnings: what the operator should know.

    Raises:
        ContractViolation: other columns or types, or a null in a required column.
    """
    rows = conforming(rows, contract)
    answer = s3().put_object(
        Bucket=settings().lake_bucket, Key=folder(contract, day, run_id) + _ROWS, Body=_parquet(rows)
    )
    staged = Staged(
        table=contract.full_name,
        day=day,
        run_id=run_id,
        rows=rows.num_rows,
        hash=content_hash_of(rows, contract),
        etag=answer["ETag"],
        sums=sums_by_currency(rows),
        expected=expected,
        parameters={"dia": day.isoformat(), "linhas": rows.num_rows, **(parameters or {})},
        sources=dict(sources or {}),
        warnings=warnings or [],
    )
    records.put(folder(contract, day, run_id) + _DESCRIPTION, staged)
    return staged


def staged(contract: Contract, day: date, run_id: str) -> Staged:
    """The description of what was staged.

    Raises:
        StagingError: nothing was.
    """
    found = records.get(Staged, folder(contract, day, run_id) + _DESCRIPTION)
    if found is None:
        raise StagingError(f"{contract.full_name} of {day} is not staged by run {run_id}; stage the day first")
    return found


def rows_of(staged: Staged) -> pa.Table:
    """The staged rows, as they lie on S3 now.

    Raises:
        StagingError: the object is not the one that was staged.
        ContractViolation: its columns are not the contract's.
    """
    contract = table(staged.table)
    key = folder(contract, staged.day, staged.run_id) + _ROWS
    answer = s3().get_object(Bucket=settings().lake_bucket, Key=key)
    if answer["ETag"] != staged.etag:
        raise StagingError(f"{key} was replaced after it was staged; stage and audit the day again")
    return conforming(pq.read_table(io.BytesIO(answer["Body"].read())), contract)


def put_verdict(verdict: Verdict) -> None:
    """Keeps a verdict beside the rows it is about."""
    records.put(folder(table(verdict.table), verdict.day, verdict.run_id) + VERDICT, verdict)


def verdict_of(staged: Staged) -> Verdict:
    """The verdict on exactly these staged rows.

    Raises:
        StagingError: there is none, it is about other rows, or it refused them.
    """
    contract = table(staged.table)
    found = records.get(Verdict, folder(contract, staged.day, staged.run_id) + VERDICT)
    what = f"{staged.table} of {staged.day} (run {staged.run_id})"
    if found is None:
        raise StagingError(f"{what} was not judged; audit it before publishing")
    if (found.hash, found.etag) != (staged.hash, staged.etag):
        raise StagingError(f"{what} was judged as {found.hash}, but {staged.hash} is staged; audit it again")
    if not found.success:
        raise StagingError(f"{what} was refused by its expectations; correct its source and run the day again")
    return found


def reject(staged: Staged) -> str:
    """Moves a refused day to where it can be looked at; returns its place in the lake's bucket."""
    contract = table(staged.table)
    source = folder(contract, staged.day, staged.run_id)
    target = folder(contract, staged.day, staged.run_id, REJECTED)
    client, bucket = s3(), settings().lake_bucket
    for key in _keys(source):
        client.copy_object(Bucket=bucket, CopySource={"Bucket": bucket, "Key": key}, Key=target + key[len(source) :])
    discard(staged)
    return target


def discard(staged: Staged) -> None:
    """Removes a staged day."""
    _delete(_keys(folder(table(staged.table), staged.day, staged.run_id)))


def expire(older_than: timedelta, root: str = STAGING) -> int:
    """Removes what runs that died left behind.

    Args:
        older_than: age of the last write.
        root: `STAGING` or `REJECTED`.

    Returns:
        How many objects went.
    """
    limit = records.now() - older_than
    pages = s3().get_paginator("list_objects_v2").paginate(Bucket=settings().lake_bucket, Prefix=f"{root}/")
    old = [entry["Key"] for page in pages for entry in page.get("Contents", ()) if entry["LastModified"] < limit]
    _delete(old)
    return len(old)


def sums_by_currency(rows: pa.Table) -> dict[str, dict[str, str]]:
    """`receita`, `quantidade` and `linhas` by currency as text, exact; empty for a table without money."""
    if "moeda" not in rows.column_names:
        return {}
    totals: dict[str, list[Decimal]] = {}
    columns = (rows.column(name).to_pylist() for name in ("moeda", "receita", "quantidade"))
    # Wider than any sum of decimal(38,4): Python would round silently at 28 digits.
    with localcontext(prec=60):
        for currency, receita, quantidade in zip(*columns, strict=True):
            total = totals.setdefault(currency, [Decimal(0), Decimal(0), Decimal(0)])
            for place, value in enumerate((receita, quantidade, 1)):
                total[place] += value
    return {
        currency: {"receita": f"{total[0]:f}", "quantidade": f"{total[1]:f}", "linhas": f"{total[2]:f}"}
        for currency, total in sorted(totals.items())
    }


def _parquet(rows: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(rows, sink, compression="zstd", coerce_timestamps="us")
    return sink.getvalue()


def _keys(prefix: str) -> list[str]:
    pages = s3().get_paginator("list_objects_v2").paginate(Bucket=settings().lake_bucket, Prefix=prefix)
    return [entry["Key"] for page in pages for entry in page.get("Contents", ())]


def _delete(keys: list[str]) -> None:
    for start in range(0, len(keys), 1000):
        batch = [{"Key": key} for key in keys[start : start + 1000]]
        s3().delete_objects(Bucket=settings().lake_bucket, Delete={"Objects": batch, "Quiet": True})  # type: ignore[typeddict-item]
