"""Strict reading of a Parquet sales file: our own layout, exact types, values as text like a CSV's."""

import io

import pyarrow as pa
import pyarrow.parquet as pq

from acude.inbox.errors import InboxError
from acude.inbox.read_csv import FIELDS, LINES


def read_parquet(content: bytes, file: str) -> pa.Table:
    """All rows as `LINES`; the first row is line 1, a null is a null.

    Args:
        content: the file's bytes.
        file: its key, for errors.

    Raises:
        InboxError: empty, damaged, without rows, or with other columns or types.
    """
    if not content:
        raise InboxError(file, 1, None, "a Parquet file with at least one row", "an empty file")
    try:
        rows = pq.read_table(io.BytesIO(content))
    except (pa.ArrowException, OSError) as problem:
        raise InboxError(file, None, None, "a whole Parquet file", f"a damaged one ({problem})") from problem
    _check_columns(rows.schema, file)
    if not rows.num_rows:
        raise InboxError(file, 1, None, "at least one row of sales", "no row")
    columns = [_text(rows.column(name), name, file) for name in FIELDS]
    numbers = pa.array(range(1, rows.num_rows + 1), pa.int64())
    return pa.table([numbers, pa.repeat("acude", rows.num_rows), *columns], schema=LINES)


def _check_columns(found: pa.Schema, file: str) -> None:
    for name in FIELDS:
        if name not in found.names:
            raise InboxError(file, None, name, f"the columns {', '.join(FIELDS)}", f"{', '.join(found.names)}")
        kind = found.field(name).type
        if not _fits(name, kind):
            raise InboxError(file, None, name, _wanted(name), str(kind))
    for name in found.names:
        if name not in FIELDS:
            raise InboxError(file, None, name, f"only the columns {', '.join(FIELDS)}", f"one more, {name!r}")


def _fits(name: str, kind: pa.DataType) -> bool:
    match name:
        case "quantidade":
            return bool(pa.types.is_integer(kind))
        case "preco":
            return bool(pa.types.is_decimal(kind))
        case "data":
            return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))
        case _:
            return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _wanted(name: str) -> str:
    wanted = {"quantidade": "an integer", "preco": "a decimal (never a float)", "data": "a timestamp or a date"}
    return wanted.get(name, "a string")


def _text(values: pa.ChunkedArray, name: str, file: str) -> pa.ChunkedArray:
    if pa.types.is_decimal(values.type):
        # Plain notation: Arrow's own cast writes small decimals as 0E-4.
        return pa.chunked_array([pa.array([None if v is None else f"{v:f}" for v in values.to_pylist()], pa.string())])
    try:
        if pa.types.is_timestamp(values.type):
            # Without a zone it is UTC; with one, dropping the zone leaves the instant in UTC.
            values = values.cast(pa.timestamp("us", tz=values.type.tz)).cast(pa.timestamp("us"))
        return values.cast(pa.string())
    except pa.ArrowInvalid as problem:
        raise InboxError(file, None, name, "readable values (UTF-8, microseconds)", str(problem)) from problem
