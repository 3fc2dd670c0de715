"""The two ways into a staging table: CSV over the connection (PostgreSQL), Parquet files on S3 (Redshift).

Rows are brought near before the transaction begins, so that it holds its lock for the copy alone.
"""

import io
import json
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa
from pyarrow import csv

from acude import aws
from acude.settings import Settings
from acude.warehouse import statements
from acude.warehouse.connection import Session
from acude.warehouse.errors import WarehouseError
from acude.warehouse.rows import Digest, PeriodRows
from acude.warehouse.target import Target

CSV_ROWS = 50_000
"""Rows that are text in memory at a time."""

MANIFEST = "copy.manifest.json"


class Brought(Protocol):
    """Rows that are ready to be copied.

    Attributes:
        version: the Delta version they come from.
        digest: what they add up to.
    """

    @property
    def version(self) -> int: ...  # noqa: D102
    @property
    def digest(self) -> Digest: ...  # noqa: D102

    def copy(self, session: Session, target: Target) -> None:
        """Fills the target's staging table within the session's transaction."""


def _csv(batch: pa.RecordBatch) -> io.BytesIO:
    """PostgreSQL's CSV: text quoted, null empty and unquoted, times without a zone (they are UTC)."""
    fields = [pa.field(f.name, pa.timestamp("us")) if pa.types.is_timestamp(f.type) else f for f in batch.schema]
    sink = io.BytesIO()
    csv.write_csv(batch.cast(pa.schema(fields)), sink, csv.WriteOptions(include_header=False))
    sink.seek(0)
    return sink


@dataclass(frozen=True)
class ArrowRows:
    """Rows in memory, for PostgreSQL."""

    table: pa.Table
    version: int
    digest: Digest

    def copy(self, session: Session, target: Target) -> None:
        """Streams the rows as CSV, some thousand at a time."""
        statement = statements.copy_postgres(target)
        for batch in self.table.to_batches(max_chunksize=CSV_ROWS):
            session.copy_in(statement, _csv(batch))


@dataclass(frozen=True)
class StagedParquet:
    """Rows in Parquet files on S3 with a manifest, for Redshift."""

    manifest: str
    role: str
    version: int
    digest: Digest

    def copy(self, session: Session, target: Target) -> None:
        """Has Redshift read the files; of no rows there are no files to read."""
        if self.digest.rows:
            session.run(statements.copy_redshift(target, self.manifest, self.role))


def manifest(bucket: str, objects: list[dict[str, Any]]) -> str:
    """The manifest of a columnar COPY: every file with its length, each mandatory.

    Args:
        bucket: where the files lie.
        objects: `Key` and `Size` of each, as S3 lists them.
    """
    entries = [
        {"url": f"s3://{bucket}/{o['Key']}", "mandatory": True, "meta": {"content_length": o["Size"]}} for o in objects
    ]
    return json.dumps({"entries": entries}, indent=1)


def _folder(target: Target, period: str, run_id: str) -> str:
    """A folder that no other run, retry or twin of this one uses."""
    run = re.sub(r"[^A-Za-z0-9_.-]", "_", run_id)
    return f"_staging/redshift/{target.name}/{period}/{run}-{uuid.uuid4().hex[:8]}"


def _write_manifest(config: Settings, folder: str) -> str:
    s3 = aws.s3(config)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=config.lake_bucket, Prefix=f"{folder}/")
    found: list[Any] = [o for page in pages for o in page.get("Contents", ()) if o["Key"].endswith(".parquet")]
    key = f"{folder}/{MANIFEST}"
    s3.put_object(Bucket=config.lake_bucket, Key=key, Body=manifest(config.lake_bucket, found).encode())
    return f"s3://{config.lake_bucket}/{key}"


def _delete_folder(config: Settings, folder: str) -> None:
    s3 = aws.s3(config)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=config.lake_bucket, Prefix=f"{folder}/"):
        for found in page.get("Contents", ()):
            s3.delete_object(Bucket=config.lake_bucket, Key=found["Key"])


@contextmanager
def staged_parquet(rows: PeriodRows, target: Target, period: str, run_id: str, config: Settings) -> Iterator[Brought]:
    """The rows as Parquet files that Spark writes to S3 and that are deleted afterwards.

    Raises:
        WarehouseError: no role for Redshift is configured.
    """
    if not config.redshift_copy_role:
        raise WarehouseError(
            "Redshift's COPY needs a role, but ACUDE_REDSHIFT_COPY_ROLE is empty.",
            "Set it to the ARN of the role that may read the lake's bucket (Terraform's output redshift_copy_role).",
        )
    folder = _folder(target, period, run_id)
    try:
        rows.frame.write.parquet(f"{config.lake}/{folder}")
        yield StagedParquet(_write_manifest(config, folder), config.redshift_copy_role, rows.version, rows.digest())
    finally:
        _delete_folder(config, folder)


@contextmanager
def arrow_rows(rows: PeriodRows) -> Iterator[Brought]:
    """The rows in this process's memory."""
    table = rows.frame.toArrow()
    yield ArrowRows(table, rows.version, rows.digest())


@contextmanager
def brought(rows: PeriodRows, target: Target, period: str, run_id: str, config: Settings) -> Iterator[Brought]:
    """The rows, brought the way that the configured warehouse copies."""
    way = (
        staged_parquet(rows, target, period, run_id, config)
        if config.warehouse_kind == "redshift"
        else arrow_rows(rows)
    )
    with way as ready:
        yield ready
