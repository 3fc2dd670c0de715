"""A lake and an inbox of a test module's own, on the running platform's servers."""

import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from acude import aws
from acude.contracts.model import Contract, table
from acude.lake import delta_log
from acude.lake.data_files import write_rows
from acude.lake.snapshot import rows_of_day
from acude.publishing import staging
from acude.publishing.staging import Staged
from acude.publishing.totals import Totals
from acude.settings import settings
from jobs.batch import marts, vendas
from tests.buckets import drop

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

OWN = "id_pedido,id_produto,descricao,quantidade,data,preco,id_usuario,regiao,moeda"


@dataclass(frozen=True)
class BatchLake:
    """The buckets, and what a test does with them."""

    lake: str
    inbox: str
    s3: "S3Client"

    def send(self, day: date, content: bytes, origin: str = "loja", kind: str = "csv") -> str:
        """Puts a day's file into the inbox; returns its key."""
        key = f"vendas/{origin}/{day}.{kind}"
        self.s3.put_object(Bucket=self.inbox, Key=key, Body=content)
        return key

    def withdraw(self, key: str) -> None:
        """Takes a file out of the inbox."""
        self.s3.delete_object(Bucket=self.inbox, Key=key)

    def keys(self, prefix: str) -> list[str]:
        """Keys of the lake under a prefix."""
        return list(aws.keys(self.lake, prefix))

    def actions(self, full_name: str, after: int = -1) -> list[dict[str, Any]]:
        """Actions of a table's Delta log, of the versions behind `after`."""
        folder = delta_log.folder(table(full_name))
        found = []
        for key in self.keys(folder):
            name = key.removeprefix(folder).removesuffix(".json")
            if key.endswith(".json") and name.isdigit() and int(name) > after:
                body = self.s3.get_object(Bucket=self.lake, Key=key)["Body"].read()
                found += [json.loads(line) for line in body.splitlines()]
        return found

    def rows(self, full_name: str, day: date) -> pa.Table:
        """What is visible of a table's day, read by delta-rs."""
        return rows_of_day(table(full_name), day)


def csv_of(*lines: str) -> bytes:
    """A file in our own layout."""
    return "\n".join([OWN, *lines, ""]).encode()


def stage_rows(
    rows: pa.Table, contract: Contract, day: date, run_id: str, context: staging.Context | None = None
) -> Staged:
    """Stages rows of the test's own."""
    totals = Totals(contract)
    totals.add(rows)
    return staging.describe(staging.WrittenRows(contract, write_rows(rows, contract), totals), day, run_id, context)


def publish_day(day: date, run_id: str) -> dict[str, Any]:
    """The whole day: silver, then the marts."""
    silver = vendas.run(day, run_id)
    marts.stage_all(day, run_id)
    marts.audit_all(day, run_id)
    return {**silver["tables"], **marts.publish_all(day, run_id)}


@contextmanager
def own_lake() -> Iterator[BatchLake]:
    """New buckets that the settings name as long as the block runs."""
    mark = uuid.uuid4().hex[:8]
    names = {"ACUDE_LAKE_BUCKET": f"teste-lago-{mark}", "ACUDE_INBOX_BUCKET": f"teste-entrada-{mark}"}
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    settings.cache_clear()
    client = aws.s3()
    for bucket in names.values():
        client.create_bucket(Bucket=bucket)
    try:
        yield BatchLake(names["ACUDE_LAKE_BUCKET"], names["ACUDE_INBOX_BUCKET"], client)
    finally:
        for bucket in names.values():
            drop(bucket)
        for name, value in before.items():
            _restore(name, value)
        settings.cache_clear()


def _restore(name: str, value: str | None) -> None:
    restore: Callable[[], object] = (
        (lambda: os.environ.pop(name, None)) if value is None else (lambda: os.environ.update({name: str(value)}))
    )
    restore()


def line(day: date, order: str = "1", pieces: int = 2, price: str = "10.50", region: str = "SP") -> str:
    """A line of the shop's own layout."""
    return f"{order},p1,Caneca,{pieces},{day} 10:00:00,{price},u1,{region},BRL"


def revenue(lake: BatchLake, day: date) -> list[Decimal]:
    """The day's revenue of each region, as gold has it."""
    found: list[Decimal] = lake.rows("gold.vendas_por_regiao", day).column("receita").to_pylist()
    return found
