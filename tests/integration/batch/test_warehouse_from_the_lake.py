"""A day's way from Delta on S3 into the warehouse: Spark, S3 and PostgreSQL are the real ones."""

import json
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg2
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import make_dsn
from pyarrow import BufferReader
from pydantic import SecretStr
from pyspark.sql import SparkSession

from acude import aws
from acude.contracts.model import table
from acude.lake.session import batch_session
from acude.settings import Settings, settings
from acude.warehouse.copying import ArrowRows, StagedParquet, brought
from acude.warehouse.errors import LoadError, WarehouseError
from acude.warehouse.rows import period_rows
from acude.warehouse.target import targets
from jobs.batch.carga_redshift import load_day
from tests.buckets import drop

pytestmark = pytest.mark.usefixtures("platform")

DAY = date(2011, 1, 4)


@dataclass
class Lake:
    """A bucket and a schema of its own."""

    config: Settings
    spark: SparkSession
    eyes: Connection

    def write(self, name: str, *rows: dict[str, object], day: str = "2011-01-04") -> None:
        """Replaces one partition of a table; columns that a row doesn't name get a plain value."""
        contract = table(name)
        partition = contract.partition_by[0]
        whole = [
            {c.name: row.get(c.name, day if c.name == partition else None) for c in contract.columns} for row in rows
        ]
        ddl = ", ".join(f"`{c.name}` {'string' if c.name == partition else c.type}" for c in contract.columns)
        frame = self.spark.createDataFrame([tuple(row.values()) for row in whole], ddl)
        kind = contract.column(partition).type
        frame = frame.withColumn(partition, frame[partition].cast(kind))
        path = f"{self.config.lake}/{contract.layer}/{contract.name}"
        writer = frame.write.format("delta").mode("overwrite").partitionBy(partition)
        writer.option("replaceWhere", f"{partition} = '{day}'").save(path)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with self.eyes.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def staged(self) -> list[str]:
        found = aws.s3(self.config).list_objects_v2(Bucket=self.config.lake_bucket, Prefix="_staging/")
        return [o["Key"] for o in found.get("Contents", ())]


def own_settings(name: str, dsn: str) -> Settings:
    changed = {
        "lake_bucket": name,
        "warehouse_dsn": SecretStr(dsn),
        "warehouse_kind": "postgres",
        "redshift_copy_role": "arn:aws:iam::123456789012:role/acude-redshift-copy",
    }
    known = {field: getattr(settings(), field) for field in Settings.model_fields}
    return Settings.model_construct(**(known | changed))


@pytest.fixture(scope="module")
def lake() -> Iterator[Lake]:
    name = f"acude-teste-{uuid.uuid4().hex[:12]}"
    schema = name.replace("-", "_")
    dsn = make_dsn(settings().warehouse_dsn.get_secret_value(), options=f"-c search_path={schema}")
    config = own_settings(name, dsn)
    aws.s3(config).create_bucket(Bucket=name)
    spark = batch_session(config)
    with closing(psycopg2.connect(dsn)) as eyes:
        eyes.autocommit = True
        eyes.cursor().execute(f"CREATE SCHEMA {schema}")
        try:
            yield Lake(config, spark, eyes)
        finally:
            eyes.cursor().execute(f"DROP SCHEMA {schema} CASCADE")
            spark.stop()
            drop(name, config)


def sale(order: str, price: str, pieces: int = 1) -> dict[str, object]:
    exact = Decimal(price)
    return {
        "id_pedido": order,
        "id_produto": "85123A",
        "quantidade": pieces,
        "preco": exact,
        "receita": pieces * exact,
        "tipo": "venda",
        "moeda": "GBP",
    }


def test_a_day_reaches_the_warehouse_to_the_last_cent_with_the_version_that_was_read(lake: Lake) -> None:
    lake.write("silver.vendas", sale("536365", "2.5501", 3), sale("536366", "0.0001"))
    lake.write("silver.vendas", sale("other", "9.9900"), day="2011-01-05")

    [result] = load_day(DAY, run_id="manual__2026-11-22T07:00:00+00:00", tables=["vendas"], config=lake.config)

    assert lake.ask("SELECT id_pedido, quantidade, preco, data, receita FROM vendas ORDER BY 1") == [
        ("536365", 3, Decimal("2.5501"), DAY, Decimal("7.6503")),
        ("536366", 1, Decimal("0.0001"), DAY, Decimal("0.0001")),
    ]
    assert (result.rows, result.money, result.version) == (2, Decimal("7.6504"), 1)
    assert lake.ask("SELECT versao_delta, hash_conteudo FROM cargas") == [(1, result.content_hash)]


def test_the_same_rows_in_another_order_have_the_same_hash_and_one_cent_another(lake: Lake) -> None:
    def loaded(*rows: dict[str, object]) -> str:
        lake.write("silver.vendas", *rows)
        return load_day(DAY, run_id="teste", tables=["vendas"], config=lake.config)[0].content_hash

    first = loaded(sale("a", "1.0000"), sale("b", "2.0000"), sale("b", "2.0000"))

    assert loaded(sale("b", "2.0000"), sale("a", "1.0000"), sale("b", "2.0000")) == first
    assert loaded(sale("a", "1.0000"), sale("b", "2.0000")) != first
    assert loaded(sale("a", "1.0000"), sale("b", "2.0000"), sale("b", "2.0100")) != first


def test_rows_committed_after_the_version_was_taken_wait_for_the_next_load(lake: Lake) -> None:
    target = targets()["vendas"]
    lake.write("silver.vendas", sale("a", "1.0000"))
    rows = period_rows(target, "2011-01-04", lake.config)

    lake.write("silver.vendas", sale("a", "1.0000"), sale("late", "1.0000"))

    with brought(rows, target, "2011-01-04", lake.config) as ready:
        assert isinstance(ready, ArrowRows)
        assert sum(piece.num_rows for piece in ready.pieces) == 1


def test_a_day_without_rows_is_loaded_as_an_empty_day(lake: Lake) -> None:
    lake.write("silver.vendas", sale("a", "1.0000"))

    [result] = load_day(date(1999, 1, 1), run_id="teste", tables=["vendas"], config=lake.config)

    assert (result.rows, result.money) == (0, Decimal(0))


def test_the_character_nul_does_not_stop_a_day(lake: Lake) -> None:
    event = {"id_usuario": "u\x00123", "tipo_evento": "clique", "timestamp": None}
    lake.write("silver.eventos_clientes", event | {"timestamp": datetime(2011, 1, 4, tzinfo=UTC)})

    load_day(DAY, run_id="teste", tables=["eventos_clientes"], config=lake.config)

    assert lake.ask("SELECT id_usuario FROM eventos_clientes") == [("u\ufffd123",)]


def test_users_whom_the_warehouse_writes_alike_are_two_users(lake: Lake) -> None:
    event = {"tipo_evento": "clique", "timestamp": datetime(2011, 1, 4, tzinfo=UTC)}
    lake.write("silver.eventos_clientes", *(event | {"id_usuario": one} for one in ("u\x00x", "u\ufffdx")))

    load_day(DAY, run_id="teste", tables=["eventos_clientes"], config=lake.config)

    assert lake.ask("SELECT id_usuario FROM eventos_clientes") == [("u\ufffdx",), ("u\ufffdx",)]


def test_a_table_without_its_source_does_not_stop_the_others(lake: Lake) -> None:
    lake.write("silver.vendas", sale("kept", "1.0000"))

    with pytest.raises(LoadError, match=r"1 of 2 tables .* no Delta table at .*/gold/funil_conversao"):
        load_day(DAY, run_id="teste", tables=["vendas", "funil_conversao"], config=lake.config)

    assert lake.ask("SELECT id_pedido FROM vendas WHERE data = '2011-01-04'") == [("kept",)]


def test_a_day_loads_the_month_that_holds_it(lake: Lake) -> None:
    month = {"pedidos": 1, "quantidade": 2, "receita": Decimal("3.0000"), "moeda": "GBP"}
    lake.write("gold.receita_mensal", month, day="2011-01")

    [result] = load_day(DAY, run_id="teste", tables=["receita_mensal"], config=lake.config)

    assert result.period == "2011-01"
    assert lake.ask("SELECT mes, receita FROM receita_mensal") == [("2011-01", Decimal("3.0000"))]


def redshift(lake: Lake, **changes: object) -> Settings:
    known = {field: getattr(lake.config, field) for field in Settings.model_fields}
    return Settings.model_construct(**(known | {"warehouse_kind": "redshift"} | changes))


def test_the_manifest_names_every_staged_file_with_its_length_and_the_files_hold_the_columns_in_order(
    lake: Lake,
) -> None:
    lake.write("silver.vendas", sale("536365", "2.5501", 3), sale("536366", "0.0001"))
    target = targets()["vendas"]
    rows = period_rows(target, "2011-01-04", lake.config)
    s3 = aws.s3(lake.config)

    with brought(rows, target, "2011-01-04", redshift(lake)) as ready:
        assert isinstance(ready, StagedParquet)
        bucket, _, key = ready.manifest.removeprefix("s3://").partition("/")
        entries = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())["entries"]
        found = []
        for entry in entries:
            body = s3.get_object(Bucket=bucket, Key=entry["url"].removeprefix(f"s3://{bucket}/"))["Body"].read()
            assert entry["mandatory"] is True
            assert entry["meta"] == {"content_length": len(body)}
            found += pq.read_table(BufferReader(body)).to_pylist()
        assert ready.digest.rows == len(found) == 2
        assert ready.digest.money == sum(row["receita"] for row in found) == Decimal("7.6504")
        assert list(found[0]) == target.contract.column_names

    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket=bucket, Key=key)
    assert lake.staged() == []


def test_both_ways_of_copying_read_the_same_rows(lake: Lake) -> None:
    lake.write("silver.vendas", sale("536365", "2.5501", 3), sale("536366", "0.0001"))
    target = targets()["vendas"]

    digests = []
    for config in (lake.config, redshift(lake)):
        rows = period_rows(target, "2011-01-04", lake.config)
        with brought(rows, target, "2011-01-04", config) as ready:
            # PostgreSQL's rows are read while they are copied.
            for _ in ready.pieces if isinstance(ready, ArrowRows) else ():
                pass
            digests.append(ready.digest)

    assert digests[0] == digests[1]


def test_a_large_day_goes_in_pieces_that_add_up_to_the_whole(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.write("silver.vendas", sale("536365", "2.5501", 3), sale("536366", "0.0001"))
    path = f"{lake.config.lake}/silver/vendas"
    lake.spark.read.format("delta").load(path).write.format("delta").mode("append").save(path)
    target = targets()["vendas"]

    digests, files = [], []
    for size in (1_000_000, 1):
        monkeypatch.setattr("acude.warehouse.rows.PIECE_ROWS", size)
        rows = period_rows(target, "2011-01-04", lake.config)
        with brought(rows, target, "2011-01-04", redshift(lake)) as ready:
            digests.append(ready.digest)
            files.append(len([name for name in lake.staged() if name.endswith(".parquet")]))

    assert digests[0] == digests[1]
    assert (digests[0].rows, digests[0].money) == (4, Decimal("15.3008"))
    assert files[0] == 1 < files[1]


def test_redshift_without_a_role_is_a_sentence(lake: Lake) -> None:
    target = targets()["vendas"]
    lake.write("silver.vendas", sale("a", "1.0000"))
    rows = period_rows(target, "2011-01-04", lake.config)

    with (
        pytest.raises(WarehouseError, match="ACUDE_REDSHIFT_COPY_ROLE is empty"),
        brought(rows, target, "2011-01-04", redshift(lake, redshift_copy_role="")),
    ):
        pass
