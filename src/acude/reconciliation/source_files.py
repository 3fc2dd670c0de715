"""A sales file, read with csv and Decimal alone: the lake's own reader is what is under test.

`inbox` calls this on the executors, so that it imports little and reads no settings.
"""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import FileSystem

from acude.contracts.model import table

_POSITION = {
    "InvoiceNo": "id_pedido",
    "StockCode": "id_produto",
    "Quantity": "quantidade",
    "UnitPrice": "preco",
    "InvoiceDate": "data",
    "Country": "regiao",
}
_GRAMMAR = {
    "quantidade": re.compile(r"[+-]?[0-9]{1,10}"),
    "preco": re.compile(r"[+-]?[0-9]{1,14}(\.[0-9]{1,4}0*)?"),
    "data": re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII),
    "moeda": re.compile(r"[A-Z]{3}"),
}
"""As docs/batch.md has it; int, Decimal and datetime alone would read more."""

_TEXTS = ("id_pedido", "id_produto", "regiao")
_INTEGER = 2**31
_RANGE = 8 * 1024 * 1024
"""Bytes that are asked for at a time."""


_UNREADABLE = (
    *(UnicodeDecodeError, csv.Error, EOFError, gzip.BadGzipFile, zlib.error, KeyError, pa.ArrowException),
    OverflowError,  # a day that Python's calendar has not
)
"""What a file's content causes; whatever else is raised, the store or its network is to blame."""


class Sold(NamedTuple):
    """A valid line.

    Attributes:
        line: a hash of all its fields; a repeated line has the same.
        currency: ISO 4217.
        revenue: quantidade * preco, exact.
    """

    line: bytes
    currency: str
    revenue: Decimal


def is_the_files(problem: Exception) -> bool:
    """Whether the file's content is to blame. Arrow says of a broken page what it says of a lost network: OSError."""
    if isinstance(problem, _UNREADABLE):
        return True
    return isinstance(problem, OSError) and not problem.errno and "AWS Error" not in str(problem)


def longest_texts() -> dict[str, int]:
    """How many characters each text of a sale may have, by column."""
    return {name: table("silver.vendas").column(name).max_length or 0 for name in _TEXTS}


def sold_lines(files: FileSystem, path: str, day: date, longest: dict[str, int]) -> Iterator[Sold]:
    """Each valid line of a file, a repeated one as often as it is there.

    Args:
        files: where the file lies.
        path: its place there.
        day: UTC day that its lines must be of.
        longest: see `longest_texts`.
    """
    for row in _rows(files, path):
        named = {"moeda": "GBP"} | {_POSITION.get(name, name): value for name, value in row.items()}
        revenue = _revenue(named, day, longest)
        if revenue is not None:
            line = blake2b(repr([*row.values()]).encode(), digest_size=16).digest()
            yield Sold(line, named["moeda"], revenue)


def _rows(files: FileSystem, path: str) -> Iterator[dict[str, str]]:
    """A file's lines as text, some at a time."""
    if path.endswith(".parquet"):
        with files.open_input_file(path) as opened:
            for batch in pq.ParquetFile(opened).iter_batches():
                for row in batch.to_pylist():
                    yield {name: "" if value is None else str(value) for name, value in row.items()}
        return
    with files.open_input_stream(path, compression=None, buffer_size=_RANGE) as opened:
        plain = gzip.GzipFile(fileobj=opened) if path.endswith(".gz") else opened
        yield from csv.DictReader(io.TextIOWrapper(plain, encoding="utf-8", newline=""))


def _revenue(row: dict[str, str], day: date, longest: dict[str, int]) -> Decimal | None:
    """Revenue (quantidade * preco) of a valid line, None for one that belongs in quarantine."""
    if not all(row[name].strip(" ") and len(row[name]) <= most for name, most in longest.items()):
        return None
    if not all(pattern.fullmatch(row[name]) for name, pattern in _GRAMMAR.items()):
        return None
    quantity, price = int(row["quantidade"]), Decimal(row["preco"])
    if price <= 0 or not -_INTEGER <= quantity < _INTEGER or not _is_on(row["data"], day):
        return None
    if quantity <= 0 and not row["id_pedido"].startswith("C"):
        return None
    return quantity * price


def _is_on(text: str, day: date) -> bool:
    """Whether a time, which is UTC where it names no zone, lies on that UTC day."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment.astimezone(UTC) if moment.tzinfo else moment).date() == day
    except (ValueError, OverflowError):
        return False
