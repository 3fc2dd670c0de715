"""The platform's Athena with what it needs, and one more table in its lake."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import boto3
import pyarrow as pa
import pytest
from botocore.config import Config
from deltalake import write_deltalake

from acude import aws
from acude.local.platform import Platform
from acude.settings import Settings
from tests.servers import servers

RESULTS = "acude-athena-results"
VENDAS = {
    "id_pedido": "string",
    "regiao": "string",
    "quantidade": "int",
    "receita": "decimal(12,2)",
    "em": "timestamp",
}


@dataclass(frozen=True, eq=False)
class Athena:
    """Athena as its clients reach it."""

    config: Settings

    @cache  # noqa: B019 - there is one of it a session, and making a client takes longer than asking
    def client(self, service: str, **more: Any) -> Any:  # noqa: ANN401
        url = {"s3": self.config.s3_endpoint, "glue": self.config.glue_endpoint, "athena": self.config.athena_endpoint}
        options: dict[str, Any] = self.config.aws_options() | more
        style = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1})
        return boto3.client(service, endpoint_url=url[service], config=style, **options)  # type: ignore[call-overload]

    def environment(self) -> dict[str, str]:
        """What an analyst sets: endpoints and credentials, nothing else."""
        options = self.config.aws_options()
        return {
            "AWS_ENDPOINT_URL_ATHENA": str(self.config.athena_endpoint),
            "AWS_ENDPOINT_URL_S3": str(self.config.s3_endpoint),
            "AWS_ENDPOINT_URL_GLUE": str(self.config.glue_endpoint),
            "AWS_ENDPOINT_URL_STS": str(self.config.glue_endpoint),
            "AWS_ACCESS_KEY_ID": options["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": options["aws_secret_access_key"],
            "AWS_DEFAULT_REGION": options["region_name"],
        }

    def register(self, table: str, columns: dict[str, str], keys: dict[str, str] | None = None) -> None:
        """Registers a Delta table of gold as the platform does."""
        self.client("glue").create_table(
            DatabaseName="gold",
            TableInput={
                "Name": table,
                "TableType": "EXTERNAL_TABLE",
                "Parameters": {"table_type": "DELTA", "spark.sql.sources.provider": "delta"},
                "PartitionKeys": [{"Name": name, "Type": kind} for name, kind in (keys or {}).items()],
                "StorageDescriptor": {
                    "Columns": [{"Name": name, "Type": kind} for name, kind in columns.items()],
                    "Location": self.location(table),
                    "SerdeInfo": {
                        "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
                        "Parameters": {"path": self.location(table)},
                    },
                },
            },
        )

    def location(self, table: str) -> str:
        return f"s3://{self.config.lake_bucket}/gold/{table}"

    def write(self, table: str, rows: pa.Table, **how: Any) -> None:  # noqa: ANN401
        write_deltalake(self.location(table), rows, storage_options=aws.storage_options(self.config), **how)

    def start(self, sql: str, **more: Any) -> str:  # noqa: ANN401
        arguments = {"QueryString": sql, "QueryExecutionContext": {"Database": "gold"}} | more
        return str(self.client("athena").start_query_execution(**arguments)["QueryExecutionId"])

    def finished(self, query_id: str) -> dict[str, Any]:
        client = self.client("athena")
        while True:
            execution: dict[str, Any] = client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
            if execution["Status"]["State"] not in {"QUEUED", "RUNNING"}:
                return execution
            time.sleep(0.05)

    def run(self, sql: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
        return self.finished(self.start(sql, **more))

    def reason(self, sql: str) -> str:
        """Why a query fails."""
        status = self.run(sql)["Status"]
        assert status["State"] == "FAILED", status
        return str(status["StateChangeReason"])

    def done(self, sql: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
        """Runs what must succeed."""
        execution = self.run(sql, **more)
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"].get("StateChangeReason")
        return execution

    def rows(self, sql: str, **more: Any) -> list[list[str | None]]:  # noqa: ANN401
        """All rows of GetQueryResults."""
        pages = self.client("athena").get_paginator("get_query_results")
        found = pages.paginate(QueryExecutionId=self.done(sql, **more)["QueryExecutionId"])
        every = [row for page in found for row in page["ResultSet"]["Rows"]]
        return [[datum.get("VarCharValue") for datum in row["Data"]] for row in every]

    def file(self, address: str) -> str:
        """A file of the results bucket."""
        found = self.client("s3").get_object(Bucket=RESULTS, Key=address.removeprefix(f"s3://{RESULTS}/"))
        return str(found["Body"].read().decode())

    def files(self, prefix: str) -> list[str]:
        found = self.client("s3").list_objects_v2(Bucket=RESULTS, Prefix=prefix).get("Contents", [])
        return [each["Key"] for each in found]


def vendas(day: int, count: int = 3) -> pa.Table:
    """Sales of one day of December 2011."""
    return pa.table(
        {
            "id_pedido": [f"p{day}-{i}" for i in range(count)],
            "regiao": pa.array(["BR" if i % 2 == 0 else None for i in range(count)], pa.string()),
            "quantidade": pa.array([i + 1 for i in range(count)], pa.int32()),
            "receita": pa.array([Decimal("10.50") * (i + 1) for i in range(count)], pa.decimal128(12, 2)),
            "em": pa.array(
                [datetime(2011, 12, day, 8, i, 0, 1600, UTC) for i in range(count)], pa.timestamp("us", "UTC")
            ),
            "data": pa.array([date(2011, 12, day)] * count, pa.date32()),
        }
    )


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """The object store, the catalogue, Trino and Athena."""
    with servers("athena") as found:
        yield found


@pytest.fixture(scope="session")
def athena(platform: Platform) -> Athena:
    """With gold.vendas in the lake, three days, partitioned."""
    found = Athena(platform.config)
    for day in (1, 2, 3):
        found.write("vendas", vendas(day), mode="overwrite" if day == 1 else "append", partition_by=["data"])
    glue = found.client("glue")
    if not [each for each in glue.get_tables(DatabaseName="gold")["TableList"] if each["Name"] == "vendas"]:
        found.register("vendas", VENDAS, {"data": "date"})
    return found


@pytest.fixture
def analyst(athena: Athena, monkeypatch: pytest.MonkeyPatch) -> Athena:
    """The environment of an analyst: the endpoints are set, the clients are as they come."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in athena.environment().items():
        monkeypatch.setenv(name, value)
    return athena
