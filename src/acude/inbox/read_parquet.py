"""Strict reading of a Parquet sales file: our own layout, exact types, values as text like a CSV's."""

import io

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from acude.inbox.errors import InboxError
from acude.inbox.limits import LARGEST_BYTES, LARGEST_LINES, LONGEST_FIELD, too_long, too_many_bytes, too_many_lines
from acude.inbox.read_csv import FIELDS, LINES

_TYPED = ("quantidade", "data", "preco")
_TEXTS = tuple(name for name in FIELDS if name not in _TYPED)
_DAMAGED = (pa.ArrowException, OSError, UnicodeDecodeError)
"""What pyarrow raises where bytes aren't what they should be; a column's name may be no UTF-8."""


def read_parquet(content: bytes, file: str) -> pa.Table:
    """All rows as `LINES`; the first row is line 1, a null is a null.

    Args:
        content: the file's bytes.
        file: its key, for errors.

    Raises:
        InboxError: empty, damaged, larger than the limits, without rows, with other columns or types, or text that is
            not UTF-8.
    """
    if not content:
        raise InboxError(file, 1, None, "a Parquet file with at least one row", "an empty file")
    try:
        rows = _rows(content, file)
    except _DAMAGED as problem:
        raise InboxError(file, None, None, "a whole Parquet file", f"a damaged one ({problem})") from problem
    if not rows.num_rows:
        raise InboxError(file, 1, None, "at least one row of sales", "no row")
    columns = [_text(rows.column(name), name, file) for name in FIELDS]
    numbers = pa.array(range(1, rows.num_rows + 1), pa.int64())
    return pa.table([numbers, pa.repeat("acude", rows.num_rows), *columns], schema=LINES)


def _rows(content: bytes, file: str) -> pa.Table:
    """The rows, texts as dictionaries: a text that a small file repeats a million times is in memory once."""
    _check_columns(pq.read_schema(io.BytesIO(content)), file)
    opened = pq.ParquetFile(io.BytesIO(content), read_dictionary=_TEXTS)
    groups = [opened.metadata.row_group(number) for number in range(opened.metadata.num_row_groups)]
    if sum(group.num_rows for group in groups) > LARGEST_LINES:
        raise too_many_lines(file)
    if sum(group.total_byte_size for group in groups) > LARGEST_BYTES:
        raise too_many_bytes(file)
    rows = opened.read(use_threads=False)
    _check_texts(rows, file)
    return rows


def _check_columns(found: pa.Schema, file: str) -> None:
    names = found.names
    for name in names:
        if name not in FIELDS or names.count(name) > 1:
            raise InboxError(file, None, name, f"only the columns {', '.join(FIELDS)}", f"one more, {name!r}")
    for name in FIELDS:
        if name not in names:
            raise InboxError(file, None, name, f"the columns {', '.join(FIELDS)}", f"{', '.join(names)}")
        kind = found.field(name).type
        if not _fits(name, kind):
            raise InboxError(file, None, name, _wanted(name), str(kind))


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


def _check_texts(rows: pa.Table, file: str) -> None:
    """Refuses texts that a CSV couldn't hold, and more of them than one may have, before each row gets its own."""
    total = 0
    for name in _TEXTS:
        line = 1
        for chunk in rows.column(name).chunks:
            _check_words(chunk, line, name, file)
            line += len(chunk)
            total += pc.sum(pc.binary_length(chunk.dictionary).take(chunk.indices)).as_py() or 0
    if total > LARGEST_BYTES:
        raise too_many_bytes(file)


def _check_words(chunk: pa.DictionaryArray, line: int, name: str, file: str) -> None:
    """Refuses a chunk's texts, each once, and names the row in which a wrong one stands first."""

    def line_of(word: int) -> int | None:
        row = pc.index(chunk.indices, pa.scalar(word, chunk.indices.type)).as_py()
        return line + row if row >= 0 else None

    for word, text in enumerate(chunk.dictionary.cast(pa.binary()).to_pylist()):
        try:
            found = text.decode()
        except UnicodeDecodeError as problem:
            byte = f"the byte 0x{text[problem.start]:02x}"
            raise InboxError(file, line_of(word), name, "text in UTF-8", byte) from problem
        if "\0" in found:
            raise InboxError(file, line_of(word), name, "text", "a zero byte")
        if len(found) > LONGEST_FIELD:
            raise too_long(file, line_of(word), name)


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
        raise InboxError(file, None, name, "readable values (microseconds)", str(problem)) from problem
