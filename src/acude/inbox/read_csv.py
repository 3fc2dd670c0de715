"""Strict reading of a CSV sales file: every line whole, or an error that names file, line and column.

Two layouts are known by their header: Online Retail's and our own. All values stay text here; Spark
decides later, line by line, which of them are sales.
"""

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain, islice, zip_longest

import pyarrow as pa

from acude.inbox.errors import InboxError
from acude.inbox.limits import LARGEST_BYTES, LARGEST_LINES, LONGEST_FIELD, too_long, too_many_bytes, too_many_lines

FIELDS = ("id_pedido", "id_produto", "descricao", "quantidade", "data", "preco", "id_usuario", "regiao", "moeda")
"""Our own layout, and the names under which both layouts' values go on."""

TEXTS = ("id_pedido", "id_produto", "descricao", "id_usuario", "regiao")
"""Those that may hold any text."""

RETAIL = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
"""Online Retail's layout: our fields in the same order, without the currency."""

LINES = pa.schema([("linha", pa.int64()), ("leiaute", pa.string()), *((name, pa.string()) for name in FIELDS)])
"""Line number, `online_retail` or `acude`, and the fields as they stand in the file."""

_BATCH = 65_536


def read_csv(content: bytes, file: str) -> pa.Table:
    """All lines of a CSV or CSV.gz file as `LINES`; the header is line 1.

    Args:
        content: the file's bytes.
        file: its key; `.gz` at its end means gzip.

    Raises:
        InboxError: empty, truncated, larger than the limits, another header, a line with too few or too many fields, an
            open quote, not UTF-8.
    """
    if file.endswith(".gz"):
        content = _unzipped(content, file)
    if not content.removeprefix(codecs.BOM_UTF8):
        raise InboxError(file, 1, None, "a header and at least one line", "an empty file")
    _check_text(content, file)
    reader = csv.reader(_text(content), strict=True)
    header = _header(reader, file)
    if not content.endswith(b"\n"):
        last = content.count(b"\n") + 1
        raise InboxError(file, last, header[-1], "a line break at the end of the last line", "a line that is cut off")
    batches = list(_batches(_records(reader, header, content, file), retail=header == RETAIL))
    if not batches:
        raise InboxError(file, 2, None, "at least one line of sales", "nothing behind the header")
    return pa.Table.from_batches(batches)


def _unzipped(content: bytes, file: str) -> bytes:
    if not content:
        return content
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            plain = stream.read(LARGEST_BYTES + 1)
    except EOFError as problem:
        line = _cut_line(content)
        raise InboxError(file, line, None, "a complete gzip file", "one that is cut off (truncated)") from problem
    except (OSError, zlib.error) as problem:
        raise InboxError(file, None, None, "a gzip file", f"damaged bytes ({problem})") from problem
    if len(plain) > LARGEST_BYTES:
        raise too_many_bytes(file)
    return plain


def _cut_line(content: bytes) -> int | None:
    """The line behind the readable part of a cut gzip file; None where zlib refuses what GzipFile took (its flags)."""
    try:
        return zlib.decompressobj(wbits=31).decompress(content, LARGEST_BYTES).count(b"\n") + 1
    except zlib.error:
        return None


def _text(content: bytes) -> io.TextIOWrapper:
    """The text line by line, so that it isn't in memory a second time; a byte-order mark is no part of it."""
    return io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", errors="replace", newline="")


def _check_text(content: bytes, file: str) -> None:
    try:
        content.decode()
    except UnicodeDecodeError as problem:
        line, column = _place(content, problem.start)
        found = f"the byte 0x{content[problem.start]:02x}"
        raise InboxError(file, line, column, "text in UTF-8", found) from problem
    if (zero := content.find(b"\0")) >= 0:
        raise InboxError(file, *_place(content, zero), "text", "a zero byte")


def _place(content: bytes, offset: int) -> tuple[int, str | None]:
    """Line and column's name of a byte; its number where the header has none, None behind a field that is too long."""
    before = content[:offset] + b"x"
    header: list[str] | None = None
    names, record = [], [""]
    try:
        for record in csv.reader(_text(before)):
            names, header = header or [], header or record
        number = len(record)
        column = names[number - 1] if number <= len(names) else str(number)
    except csv.Error:
        column = None
    return sum(1 for _ in _text(before)), column


def _header(reader: Iterator[list[str]], file: str) -> tuple[str, ...]:
    try:
        header = tuple(next(reader))
    except csv.Error as problem:
        expected = f"the header {','.join(RETAIL)} or {','.join(FIELDS)}"
        raise InboxError(file, 1, None, expected, str(problem)) from problem
    known: tuple[str, ...] = RETAIL if header[:1] == RETAIL[:1] else FIELDS
    for place, (wanted, found) in enumerate(zip_longest(known, header), start=1):
        if wanted is None:
            raise InboxError(file, 1, found or str(place), f"{len(known)} columns", f"one more, {found!r}")
        if found != wanted:
            name = "nothing" if found is None else repr(found)
            raise InboxError(file, 1, wanted, f"the name {wanted!r} at place {place}", name)
    return header


def _records(
    reader: Iterator[list[str]], header: tuple[str, ...], content: bytes, file: str
) -> Iterator[tuple[int, list[str]]]:
    """Each record with the number of the line on which it begins."""
    width, line = len(header), 2
    try:
        for number, record in enumerate(reader, start=1):
            if len(record) != width:
                missing = header[len(record)] if len(record) < width else header[-1]
                raise InboxError(file, line, missing, f"{width} fields", f"{len(record)}")
            if number > LARGEST_LINES:
                raise too_many_lines(file)
            yield line, record
            line = reader.line_num + 1  # type: ignore[attr-defined]
    except csv.Error as problem:
        if "field limit" in str(problem):
            long = _long_field(chain.from_iterable(islice(_text(content), line - 1, None)))
            raise too_long(file, line, header[min(long, width) - 1]) from problem
        found = "an open quote" if "unexpected end" in str(problem) else str(problem)
        raise InboxError(file, line, None, "a line of CSV", found) from problem


def _long_field(characters: Iterable[str]) -> int:
    """Number of the field in which a record, of which these are the characters, exceeds the limit."""
    number, length, quoted = 1, 0, False
    for character in characters:
        quoted ^= character == '"'
        length += 1
        if character == "," and not quoted:
            number, length = number + 1, 0
        elif length > LONGEST_FIELD:
            break
    return number


def _batches(records: Iterator[tuple[int, list[str]]], *, retail: bool) -> Iterator[pa.RecordBatch]:
    while chunk := list(islice(records, _BATCH)):
        numbers = [number for number, _ in chunk]
        columns = [pa.array(values, pa.string()) for values in zip(*(record for _, record in chunk), strict=True)]
        if retail:
            columns.append(pa.repeat("GBP", len(chunk)))
        layout = pa.repeat("online_retail" if retail else "acude", len(chunk))
        yield pa.RecordBatch.from_arrays([pa.array(numbers, pa.int64()), layout, *columns], schema=LINES)
