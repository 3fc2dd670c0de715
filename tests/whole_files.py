"""A sales file read at once, as small ones in tests are; jobs read files in pieces."""

import io

import pyarrow as pa

from acude.inbox.read_csv import BlockReader
from acude.inbox.read_parquet import parquet_tables
from acude.inbox.unzipped import Unzipped


def read_csv(content: bytes, file: str) -> pa.Table:
    """All lines of a CSV file as `LINES`, or of a CSV.gz file, whose key ends so; `InboxError` as `BlockReader`."""
    packed = io.BytesIO(content)
    read = Unzipped(packed, file).read if file.endswith(".gz") else packed.read
    return pa.concat_tables(BlockReader(file, read).tables())


def read_parquet(content: bytes, file: str) -> pa.Table:
    """All rows of a Parquet file as `LINES`; `InboxError` as `parquet_tables`."""
    return pa.concat_tables(parquet_tables(io.BytesIO(content), file))
