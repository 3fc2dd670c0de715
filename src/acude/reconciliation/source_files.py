"""The inbox's sales, read with csv and Decimal alone: the lake's own reader is what is under test."""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import blake2b

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import FileSystem

from acude.contracts.model import table
from acude.inbox.files import FOLDER, SHOP, listed, origins
from acude.lake.object_store import object_store
from acude.reconciliation.report import Key, SetRow, Sums
from acude.settings import Settings

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
_EXAMPLES = 3
_RANGE = 8 * 1024 * 1024
"""Bytes that are asked for at a time."""


_UNREADABLE = (UnicodeDecodeError, csv.Error, EOFError, gzip.BadGzipFile, zlib.error, KeyError, pa.ArrowException)
"""What a file's content causes; whatever else is raised, the store or its network is to blame."""


@dataclass
class Inbox:
    """What the files of some days say.

    Attributes:
        every: sums of all origins, flow `vendas`.
        shop: sums of the shop's own export alone, flow `loja`.
        files: how many there are.
        unreadable: keys of those that can't be read; they add nothing to the sums.
    """

    every: Sums = field(default_factory=dict)
    shop: Sums = field(default_factory=dict)
    files: int = 0
    unreadable: list[str] = field(default_factory=list)

    def rules(self) -> list[SetRow]:
        """The files that can't be read, where there are any."""
        if not self.unreadable:
            return []
        rule, some = "Every file of the inbox can be read", tuple(self.unreadable[:_EXAMPLES])
        step = "send the day again, or look in silver.quarentena_arquivos for what the batch says of it"
        return [SetRow(rule, self.files, len(self.unreadable), some, "the day in the file's name", step)]


def inbox_sums(config: Settings, first: date, last: date) -> Inbox:
    """Revenue of the files of those days."""
    found = Inbox()
    store = object_store(config, config.inbox_bucket)
    for origin in origins(config):
        prefix = f"{FOLDER}{origin}/"
        for key in listed(prefix, first, last, config):
            found.files += 1
            day = date.fromisoformat(key.removeprefix(prefix)[:10])
            try:
                sold = _by_currency(sales(store.filesystem(), f"{store.bucket}/{key}", day))
            except Exception as problem:
                if not _is_the_files(problem):
                    raise
                found.unreadable.append(key)
                continue
            for currency, value in sold.items():
                _add(found.every, Key("vendas", day, currency), value)
                if origin == SHOP:
                    _add(found.shop, Key("loja", day, currency), value)
    return found


def _by_currency(sold: Iterator[tuple[str, Decimal]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for currency, value in sold:
        sums[currency] = sums.get(currency, Decimal(0)) + value
    return sums


def _is_the_files(problem: Exception) -> bool:
    """Whether the file's content is to blame. Arrow says of a broken page what it says of a lost network: OSError."""
    if isinstance(problem, _UNREADABLE):
        return True
    return isinstance(problem, OSError) and not problem.errno and "AWS Error" not in str(problem)


def _add(sums: Sums, key: Key, value: Decimal) -> None:
    sums[key] = sums.get(key, Decimal(0)) + value


def sales(files: FileSystem, path: str, day: date) -> Iterator[tuple[str, Decimal]]:
    """Currency and revenue of each valid line of a file, repeated lines once; a hash of each line stays in memory."""
    seen = set()
    longest = {name: table("silver.vendas").column(name).max_length or 0 for name in _TEXTS}
    for row in _rows(files, path):
        line = blake2b(repr([*row.values()]).encode(), digest_size=16).digest()
        if line in seen:
            continue
        seen.add(line)
        named = {"moeda": "GBP"} | {_POSITION.get(name, name): value for name, value in row.items()}
        value = _revenue(named, day, longest)
        if value is not None:
            yield named["moeda"], value


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
