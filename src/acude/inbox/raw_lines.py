"""The inbox's lines as a Spark frame.

They go over S3: a million lines sent with the plan stalls a server with a heap of 1 GiB.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession

from acude.lake.run_records import s3
from acude.publishing.staging import path_name
from acude.settings import settings


@contextmanager
def on_s3(spark: SparkSession, lines: pa.Table, day: date, run_id: str) -> Iterator[DataFrame]:
    """A frame over the lines, which lie under `_staging/inbox/` as long as the block runs."""
    key = f"_staging/inbox/{day}/{path_name(run_id)}.parquet"
    sink = io.BytesIO()
    pq.write_table(lines, sink, compression="zstd")
    place = {"Bucket": settings().lake_bucket, "Key": key}
    s3().put_object(**place, Body=sink.getvalue())  # type: ignore[arg-type]
    kinds = {pa.int64(): "bigint", pa.string(): "string"}
    schema = ", ".join(f"`{field.name}` {kinds[field.type]}" for field in lines.schema)
    try:
        yield spark.read.schema(schema).parquet(f"{settings().lake}/{key}")
    finally:
        s3().delete_object(**place)  # type: ignore[arg-type]
