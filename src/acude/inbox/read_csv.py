"""Strict reading of a CSV sales file: every line whole, or an error that names file, line and column.

Two layouts are known by their header: Online Retail's and our own. All values stay text here; Spark
decides later, line by line, which of them are sales.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from itertools import islice, zip_longest

import pyarrow as pa

from acude.inbox.errors import InboxError

FIELDS = ("id_pedido", "id_produto", "descricao", "quantidade", "data", "preco", "id_usuario", "regiao", "moeda")
"""Our own layout, and the names under which both layouts' values go on."""

RETAIL = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
"""Online Retail's layout: our fields in the same order, without the currency."""

LINES = pa.schema([("linha", pa.int64()), ("leiaute", pa.string()), *((name, pa.string()) for name in FIELDS)])
"""Line number, `online_retail` or `acude`, and the fields as they stand in the file."""

LARGEST_BYTES = 2**30
_BATCH = 65_536


def read_csv(content: bytes, file: str) -> pa.Table:
    """All lines of a CSV or CSV.gz file as `LINES`; the header is line 1.

    Args:
        content: the file's bytes.
        file: its key; `.gz` at its end means gzip.

    Raises:
        InboxError: empty, truncated, another header, a line with too few or too many fields, an open quote, not UTF-8.
    """
    if file.endswith(".gz"):
        content = _unzipped(content, file)
    text = _decoded(content, file)
    if not text:
        raise InboxError(file, 1, None, "a header and at least one line", "an empty file")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = _header(reader, file)
    if not text.endswith("\n"):
        last = text.count("\n") + 1
        raise InboxError(file, last, header[-1], "a line break at the end of the last line", "a line that is cut off")
    batches = list(_batches(_records(reader, header, file), retail=header == RETAIL))
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
        line = _whole_lines(content) + 1
        raise InboxError(file, line, None, "a complete gzip file", "one that is cut off (truncated)") from problem
    except (OSError, zlib.error) as problem:
        raise InboxError(file, None, None, "a gzip file", f"damaged bytes ({problem})") from problem
    if len(plain) > LARGEST_BYTES:
        limit = f"at most {LARGEST_BYTES:,} bytes unpacked"
        raise InboxError(file, None, None, limit, "more; send it in parts, each from an origin of its own")
    return plain


def _whole_lines(content: bytes) -> int:
    """How many whole lines the readable part of a cut gzip file holds."""
    return zlib.decompressobj(wbits=31).decompress(content, LARGEST_BYTES).count(b"\n")


def _decoded(content: bytes, file: str) -> str:
    try:
        # A byte-order mark, which spreadsheets write, is not part of the first name.
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line, column = _place(problem.object, problem.start)
        found = f"the byte 0x{problem.object[problem.start]:02x}"
        raise InboxError(file, line, column, "text in UTF-8", found) from problem
    if "\0" in text:
        line, column = _place(content, content.index(b"\0"))
        raise InboxError(file, line, column, "text", "a zero byte")
    return text


def _place(content: bytes, offset: int) -> tuple[int, str]:
    """Line and column's name (its number where the header is unknown) of a byte."""
    before = content[:offset].decode("utf-8", errors="replace")
    rows = list(csv.reader(io.StringIO(before[before.rfind("\n") + 1 :])))
    number = len(rows[0]) if rows else 1
    header = content.split(b"\n", 1)[0].decode("utf-8", errors="replace").strip().split(",")
    return before.count("\n") + 1, header[number - 1] if number <= len(header) else str(number)


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


def _records(reader: Iterator[list[str]], header: tuple[str, ...], file: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the number of the line on which it begins."""
    width, line = len(header), 2
    try:
        for record in reader:
            if len(record) != width:
                missing = header[len(record)] if len(record) < width else header[-1]
                raise InboxError(file, line, missing, f"{width} fields", f"{len(record)}")
            yield line, record
            line = reader.line_num + 1  # type: ignore[attr-defined]
    except csv.Error as problem:
        found = "an open quote" if "unexpected end" in str(problem) else str(problem)
        raise InboxError(file, line, None, "a line of CSV", found) from problem


def _batches(records: Iterator[tuple[int, list[str]]], *, retail: bool) -> Iterator[pa.RecordBatch]:
    while chunk := list(islice(records, _BATCH)):
        numbers = [number for number, _ in chunk]
        columns = [pa.array(values, pa.string()) for values in zip(*(record for _, record in chunk), strict=True)]
        if retail:
            columns.append(pa.repeat("GBP", len(chunk)))
        layout = pa.repeat("online_retail" if retail else "acude", len(chunk))
        yield pa.RecordBatch.from_arrays([pa.array(numbers, pa.int64()), layout, *columns], schema=LINES)
