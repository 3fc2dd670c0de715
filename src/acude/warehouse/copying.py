"""The two ways into a staging table: CSV over the connection (PostgreSQL), Parquet files on S3 (Redshift).

Files are written before the transaction begins, so that it holds its lock for the copy alone.
"""

import io
import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from acude import aws
from acude.settings import Settings
from acude.warehouse import statements
from acude.warehouse.connection import Session
from acude.warehouse.errors import WarehouseError
from acude.warehouse.rows import Digest, PeriodRows
from acude.warehouse.target import WarehouseTable

CSV_ROWS = 50_000
"""Rows that are text in memory at a time."""

MANIFEST = "copy.manifest.json"


class Brought(Protocol):
    """Rows that are ready to be copied.

    Attributes:
        version: the Delta version they come from.
        digest: what they add up to; known once they are copied.
    """

    @property
    def version(self) -> int: ...  # noqa: D102
    @property
    def digest(self) -> Digest: ...  # noqa: D102

    def copy(self, session: Session, target: WarehouseTable) -> None:
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
    """Rows for PostgreSQL, which takes them over one connection: a piece is in memory at a time."""

    pieces: Iterable[pa.Table]
    version: int
    summed: Callable[[], Digest]

    @property
    def digest(self) -> Digest:
        """What was copied."""
        return self.summed()

    def copy(self, session: Session, target: WarehouseTable) -> None:
        """Streams the rows as CSV, some thousand at a time."""
        statement = statements.copy_postgres(target)
        for piece in self.pieces:
            for batch in piece.to_batches(max_chunksize=CSV_ROWS):
                session.copy_in(statement, _csv(batch))


@dataclass(frozen=True)
class StagedParquet:
    """Rows in Parquet files on S3 with a manifest, for Redshift."""

    manifest: str
    role: str
    version: int
    digest: Digest

    def copy(self, session: Session, target: WarehouseTable) -> None:
        """Lets Redshift read the files; an empty day has none."""
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


def _write_files(rows: PeriodRows, config: Settings, folder: str) -> str:
    """Writes a file for each piece, and the manifest of them; returns its address."""
    s3 = aws.s3(config)
    written: list[dict[str, Any]] = []
    for number, piece in enumerate(rows.pieces()):
        sink = io.BytesIO()
        pq.write_table(piece, sink, compression="zstd", coerce_timestamps="us")
        key = f"{folder}/{number:05}.parquet"
        s3.put_object(Bucket=config.lake_bucket, Key=key, Body=sink.getvalue())
        written.append({"Key": key, "Size": sink.tell()})
    key = f"{folder}/{MANIFEST}"
    s3.put_object(Bucket=config.lake_bucket, Key=key, Body=manifest(config.lake_bucket, written).encode())
    return f"s3://{config.lake_bucket}/{key}"


@contextmanager
def staged_parquet(rows: PeriodRows, target: WarehouseTable, period: str, config: Settings) -> Iterator[Brought]:
    """The rows as Parquet files on S3 that are deleted afterwards.

    Raises:
        WarehouseError: no role for Redshift is configured.
    """
    if not config.redshift_copy_role:
        raise WarehouseError(
            "Redshift's COPY needs a role, but ACUDE_REDSHIFT_COPY_ROLE is empty.",
            "Set it to the ARN of the role that may read the lake's bucket (Terraform's output redshift_copy_role).",
        )
    # A folder that no other run, retry or twin of this one uses.
    folder = f"_staging/redshift/{target.name}/{period}/{uuid.uuid4().hex}"
    try:
        address = _write_files(rows, config, folder)
        yield StagedParquet(address, config.redshift_copy_role, rows.version, rows.digest())
    finally:
        aws.delete(config.lake_bucket, list(aws.keys(config.lake_bucket, f"{folder}/", config)), config)


@contextmanager
def brought(rows: PeriodRows, target: WarehouseTable, period: str, config: Settings) -> Iterator[Brought]:
    """The rows, prepared the way that the configured warehouse copies."""
    if config.warehouse_kind == "redshift":
        with staged_parquet(rows, target, period, config) as ready:
            yield ready
    else:
        yield ArrowRows(rows.pieces(), rows.version, rows.digest)
