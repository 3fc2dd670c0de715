"""The inbox's sales, read with csv and Decimal alone: the lake's own reader is what is under test."""

import csv
import gzip
import io
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

import pyarrow.parquet as pq

from acude.aws import s3
from acude.reconciliation.report import Key, Sums
from acude.settings import Settings

_POSITION = {"InvoiceNo": "id_pedido", "Quantity": "quantidade", "UnitPrice": "preco", "InvoiceDate": "data"}
_SCALE = 4


def inbox_sums(config: Settings, first: date, last: date) -> tuple[Sums, Sums]:
    """Revenue of the files of those days.

    Returns:
        Sums of all origins (flow `vendas`) and of the shop's own export alone (flow `loja`).
    """
    every: Sums = {}
    shop: Sums = {}
    client = s3(config)
    origins = client.list_objects_v2(Bucket=config.inbox_bucket, Prefix="vendas/", Delimiter="/")
    for prefix in [entry["Prefix"] for entry in origins.get("CommonPrefixes", [])]:
        for key in _files(client, config, prefix, first, last):
            body = client.get_object(Bucket=config.inbox_bucket, Key=key)["Body"].read()
            day = date.fromisoformat(key.rsplit("/", 1)[1][:10])
            for currency, value in _sales(key, body, day):
                _add(every, Key("vendas", day, currency), value)
                if prefix == "vendas/loja/":
                    _add(shop, Key("loja", day, currency), value)
    return every, shop


def _files(client: object, config: Settings, prefix: str, first: date, last: date) -> Iterable[str]:
    pages = client.get_paginator("list_objects_v2").paginate(  # type: ignore[attr-defined]
        Bucket=config.inbox_bucket, Prefix=prefix, StartAfter=f"{prefix}{first - timedelta(days=1)}~"
    )
    for page in pages:
        for entry in page.get("Contents", []):
            if entry["Key"][len(prefix) :][:10] > last.isoformat():
                return
            yield entry["Key"]


def _add(sums: Sums, key: Key, value: Decimal) -> None:
    sums[key] = sums.get(key, Decimal(0)) + value


def _sales(key: str, body: bytes, day: date) -> Iterable[tuple[str, Decimal]]:
    """Currency and revenue of each valid line of a file, repeated lines once."""
    if key.endswith(".parquet"):
        rows: Iterable[dict[str, str]] = [
            {name: "" if value is None else str(value) for name, value in row.items()}
            for row in pq.read_table(io.BytesIO(body)).to_pylist()
        ]
    else:
        text = (gzip.decompress(body) if key.endswith(".gz") else body).decode("utf-8")
        rows = csv.DictReader(io.StringIO(text, newline=""))
    seen = set()
    for row in rows:
        line = tuple(row.values())
        if line in seen:
            continue
        seen.add(line)
        named = {_POSITION.get(name, name): value for name, value in row.items()}
        value = _revenue(named, day)
        if value is not None:
            yield named.get("moeda", "GBP"), value


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
