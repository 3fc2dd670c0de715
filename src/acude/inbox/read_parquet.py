"""Strict reading of a Parquet sales file: our own layout, exact types, values as text like a CSV's."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from acude.contracts.arrow import plain_decimals
from acude.inbox.errors import InboxError
from acude.inbox.layout import FIELDS, Layout
from acude.inbox.limits import LARGEST_BYTES, LARGEST_LINES, LONGEST_FIELD, too_long, too_many_bytes, too_many_lines

_TYPED = ("quantidade", "data", "preco")
_TEXTS = tuple(name for name in FIELDS if name not in _TYPED)
_DAMAGED = (pa.ArrowException, OSError, UnicodeDecodeError)
"""What pyarrow raises where bytes aren't what they should be; a column's name may be no UTF-8."""

_BATCH = 65_536
_HELD_BYTES = 32 * 2**20
"""About so much text is held at a time: rows whose texts are long become smaller tables."""


def parquet_tables(source: BinaryIO, file: str, begin: int = 0, end: int | None = None) -> Iterator[pa.Table]:
    """The rows of the row groups whose place lies in a range of the file, some at a time; see `_places`.

    They are `LINES`: the first row is line 1, a null is a null.

    Args:
        source: the file.
        file: its key, for errors.
        begin: the range's first byte.
        end: the first byte behind it; None for all that follows.

    Raises:
        InboxError: empty, damaged, larger than the limits, without rows, with other columns or types, or text that is
            not UTF-8.
    """
    if not source.seek(0, io.SEEK_END):
        raise InboxError(file, 1, None, "a Parquet file with at least one row", "an empty file")
    total = 0
    with _damage_told(file):
        for first, rows in _batches(source, file, begin, end):
            text = _check_texts(rows, first, file)
            total += text
            if total > LARGEST_BYTES:
                raise too_many_bytes(file)
            size = max(1, rows.num_rows * _HELD_BYTES // max(text, _HELD_BYTES))
            for start in range(0, rows.num_rows, size):
                yield _lines(rows.slice(start, size), first + start, file)


@contextmanager
def _damage_told(file: str, column: str | None = None) -> Iterator[None]:
    """Refuses the file where Arrow can't read it. Around all that touches its bytes: Arrow decodes late."""
    try:
        yield
    except _DAMAGED as problem:
        if "AWS Error" in str(problem):
            # The store or its network is to blame, not the file.
            raise
        raise InboxError(file, None, column, "a whole Parquet file", f"a damaged one ({problem})") from problem


def _batches(source: BinaryIO, file: str, begin: int, end: int | None) -> Iterator[tuple[int, pa.Table]]:
    """Rows with the number of the first, texts as dictionaries: one that is repeated is in memory once.

    Raises:
        InboxError: none of our columns, none of its rows, or more than the limits.
    """
    size = source.seek(0, io.SEEK_END)
    source.seek(0)
    _check_columns(pq.read_schema(source), file)
    source.seek(0)
    opened = pq.ParquetFile(source, read_dictionary=_TEXTS, pre_buffer=False)
    groups = _checked_groups(opened.metadata, file)
    first = 1
    for number, (group, place) in enumerate(zip(groups, _places(groups, size), strict=True)):
        if begin <= place and (end is None or place < end):
            line = first
            for batch in opened.iter_batches(_BATCH, row_groups=[number], use_threads=False):
                yield line, pa.Table.from_batches([batch])
                line += batch.num_rows
            if line != first + group.num_rows:
                found = f"a damaged one ({line - first} rows where its footer says {group.num_rows})"
                raise InboxError(file, None, None, "a whole Parquet file", found)
        first += group.num_rows


def _checked_groups(metadata: pq.FileMetaData, file: str) -> list[pq.RowGroupMetaData]:
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    rows = sum(group.num_rows for group in groups)
    if rows > LARGEST_LINES:
        raise too_many_lines(file)
    if sum(group.total_byte_size for group in groups) > LARGEST_BYTES:
        raise too_many_bytes(file)
    if not rows:
        raise InboxError(file, 1, None, "at least one row of sales", "no row")
    return groups


def _places(groups: Sequence[pq.RowGroupMetaData], size: int) -> list[int]:
    """A byte of the file per row group, about its middle; whatever a damaged footer says, in exactly one range.

    By the groups' sizes alone: pyarrow ends the process where a damaged column's metadata is looked at.
    """
    sizes = [max(0, group.total_byte_size) for group in groups]
    whole = sum(sizes) or 1
    return [size * (2 * until - own) // (2 * whole) for own, until in zip(sizes, accumulate(sizes), strict=True)]


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


def _check_texts(rows: pa.Table, first: int, file: str) -> int:
    """Refuses texts that a CSV couldn't hold, before each row gets its own; returns the bytes of all rows' texts."""
    total = 0
    for name in _TEXTS:
        line = first
        for chunk in rows.column(name).chunks:
            with _damage_told(file, name):
                _check_numbers(chunk, line, name, file)
                _check_words(chunk, line, name, file)
                total += pc.sum(pc.binary_length(chunk.dictionary).take(chunk.indices)).as_py() or 0
            line += len(chunk)
    return total


def _check_numbers(chunk: pa.DictionaryArray, line: int, name: str, file: str) -> None:
    """Refuses a row whose word's number is not in the dictionary; Arrow itself looks at it only when it is too late."""
    known = pc.less(chunk.indices.view(pa.uint32()), len(chunk.dictionary))
    row = pc.index(known, pa.scalar(False)).as_py()
    if row >= 0:
        found = f"the number {chunk.indices[row]} of a text where there are {len(chunk.dictionary)}"
        raise InboxError(file, line + row, name, "a whole Parquet file", f"a damaged one ({found})")


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


def _lines(rows: pa.Table, first: int, file: str) -> pa.Table:
    """Rows as `LINES`, numbered from the first."""
    columns = []
    for name in FIELDS:
        with _damage_told(file, name):
            columns.append(_text(rows.column(name), name, file).combine_chunks())
    return Layout(FIELDS).lines(pa.array(range(first, first + rows.num_rows), pa.int64()), columns)


def _text(values: pa.ChunkedArray, name: str, file: str) -> pa.ChunkedArray:
    if pa.types.is_decimal(values.type):
        return plain_decimals(values)
    try:
        if pa.types.is_timestamp(values.type):
            # Without a zone it is UTC; with one, dropping the zone leaves the instant in UTC.
            values = values.cast(pa.timestamp("us", tz=values.type.tz)).cast(pa.timestamp("us"))
        return values.cast(pa.string())
    except pa.ArrowInvalid as problem:
        raise InboxError(file, None, name, "readable values (microseconds)", str(problem)) from problem
