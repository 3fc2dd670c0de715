"""The inbox's sales, read with csv and Decimal alone: the lake's own reader is what is under test."""

import csv
import gzip
import io
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from hashlib import blake2b

import pyarrow.parquet as pq
from pyarrow.fs import FileSystem

from acude.inbox.files import FOLDER, SHOP, listed, origins
from acude.lake.object_store import object_store
from acude.reconciliation.report import Key, Sums
from acude.settings import Settings

_POSITION = {"InvoiceNo": "id_pedido", "Quantity": "quantidade", "UnitPrice": "preco", "InvoiceDate": "data"}
_SCALE = 4
_RANGE = 8 * 1024 * 1024
"""Bytes that are asked for at a time."""


def inbox_sums(config: Settings, first: date, last: date) -> tuple[Sums, Sums]:
    """Revenue of the files of those days.

    Returns:
        Sums of all origins (flow `vendas`) and of the shop's own export alone (flow `loja`).
    """
    every: Sums = {}
    shop: Sums = {}
    store = object_store(config, config.inbox_bucket)
    for origin in origins(config):
        prefix = f"{FOLDER}{origin}/"
        for key in listed(prefix, first, last, config):
            day = date.fromisoformat(key.removeprefix(prefix)[:10])
            for currency, value in sales(store.filesystem(), f"{store.bucket}/{key}", day):
                _add(every, Key("vendas", day, currency), value)
                if origin == SHOP:
                    _add(shop, Key("loja", day, currency), value)
    return every, shop


def _add(sums: Sums, key: Key, value: Decimal) -> None:
    sums[key] = sums.get(key, Decimal(0)) + value


def sales(files: FileSystem, path: str, day: date) -> Iterator[tuple[str, Decimal]]:
    """Currency and revenue of each valid line of a file, repeated lines once; a hash of each line stays in memory."""
    seen = set()
    for row in _rows(files, path):
        line = blake2b(repr([*row.values()]).encode(), digest_size=16).digest()
        if line in seen:
            continue
        seen.add(line)
        named = {_POSITION.get(name, name): value for name, value in row.items()}
        value = _revenue(named, day)
        if value is not None:
            yield named.get("moeda", "GBP"), value


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


def _revenue(row: dict[str, str], day: date) -> Decimal | None:
    """Revenue (quantidade * preco) of a valid line, None for one that belongs in quarantine."""
    try:
        quantity, price = int(row["quantidade"]), Decimal(row["preco"])
        moment = datetime.fromisoformat(row["data"])
    except (ValueError, InvalidOperation):
        return None
    exponent = price.normalize().as_tuple().exponent
    if not price.is_finite() or price <= 0 or not isinstance(exponent, int) or -exponent > _SCALE:
        return None
    if moment.date() != day or (quantity <= 0 and not row["id_pedido"].startswith("C")):
        return None
    return quantity * price
