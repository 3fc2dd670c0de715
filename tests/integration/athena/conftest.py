"""Real servers for the Athena endpoint: SeaweedFS for S3, moto for Glue, and the endpoint itself."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import httpx
import pyarrow as pa
import pytest
from botocore.config import Config
from deltalake import write_deltalake
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

S3_PORT, GLUE_PORT, ATHENA_PORT = 18510, 18511, 18512
KEY, SECRET = "athena-test-key", "athena-test-secret"
LAKE, RESULTS = "acude-lake", "acude-athena-results"
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Platform:
    """The servers' addresses."""

    s3_url: str
    glue_url: str
    athena_url: str

    def client(self, service: str) -> Any:  # noqa: ANN401
        url = {"s3": self.s3_url, "glue": self.glue_url, "athena": self.athena_url}[service]
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            config=Config(s3={"addressing_style": "path"}),
        )

    def storage_options(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.s3_url,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
            "AWS_S3_ALLOW_UNSAFE_RENAME": "true",
        }

    def environment(self) -> dict[str, str]:
        """What an analyst sets: endpoints and credentials, nothing else."""
        return {
            "AWS_ENDPOINT_URL_ATHENA": self.athena_url,
            "AWS_ENDPOINT_URL_S3": self.s3_url,
            "AWS_ENDPOINT_URL_GLUE": self.glue_url,
            "AWS_ENDPOINT_URL_STS": self.glue_url,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def register(self, database: str, table: str, columns: dict[str, str], keys: dict[str, str] | None = None) -> None:
        """Registers a Delta table as the platform does."""
        self.client("glue").create_table(
            DatabaseName=database,
            TableInput={
                "Name": table,
                "TableType": "EXTERNAL_TABLE",
                "Parameters": {"table_type": "DELTA", "spark.sql.sources.provider": "delta"},
                "PartitionKeys": [{"Name": name, "Type": kind} for name, kind in (keys or {}).items()],
                "StorageDescriptor": {
                    "Columns": [
                        {"Name": name, "Type": kind, "Comment": f"{name} of it"} for name, kind in columns.items()
                    ],
                    "Location": f"s3://{LAKE}/{database}/{table}",
                },
            },
        )

    def write(self, database: str, table: str, rows: pa.Table, **how: Any) -> None:  # noqa: ANN401
        write_deltalake(f"s3://{LAKE}/{database}/{table}", rows, storage_options=self.storage_options(), **how)


@contextmanager
def running(command: list[str], ready: str, log: Path, env: dict[str, str] | None = None) -> Iterator[None]:
    """A server, ready when the address answers; stopped by its own process id."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ, **(env or {})})
        try:
            _wait(ready, process, log)
            yield
        finally:
            process.terminate()
            process.wait(30)


@retry(retry=retry_if_exception_type(httpx.HTTPError), stop=stop_after_delay(60), wait=wait_fixed(0.2), reraise=True)
def _wait(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    assert process.poll() is None, log.read_text()
    httpx.get(address, timeout=2)


VENDAS = {
    "id_pedido": "string",
    "regiao": "string",
    "quantidade": "int",
    "receita": "decimal(12,2)",
    "em": "timestamp",
}


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
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """All servers, with gold.vendas (three days, partitioned) in the lake."""
    folder = tmp_path_factory.mktemp("athena")
    s3_config = folder / "s3.json"
    credentials = [{"accessKey": KEY, "secretKey": SECRET}]
    identity = {"name": "test", "credentials": credentials, "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
    s3_config.write_text(json.dumps({"identities": [identity]}))
    found = Platform(*(f"http://127.0.0.1:{port}" for port in (S3_PORT, GLUE_PORT, ATHENA_PORT)))
    weed = [str(BIN / "weed"), "mini", "-dir", str(folder), "-ip", "127.0.0.1", "-ip.bind", "127.0.0.1"]
    ports = ["-master.port", "18520", "-volume.port", "18521", "-filer.port", "18522", "-admin.port", "18523"]
    weed += [*ports, "-webdav.port", "18524", "-s3.port", str(S3_PORT), "-s3.config", str(s3_config)]
    settings = {
        "ACUDE_ATHENA_PORT": str(ATHENA_PORT),
        "ACUDE_GLUE_ENDPOINT": found.glue_url,
        "ACUDE_S3_ENDPOINT": found.s3_url,
        "ACUDE_S3_ACCESS_KEY": KEY,
        "ACUDE_S3_SECRET_KEY": SECRET,
        "ACUDE_RESULTS_BUCKET": RESULTS,
    }
    with ExitStack() as stack:
        stack.enter_context(running(weed, f"{found.s3_url}/", folder / "weed.log"))
        moto = [str(BIN / "moto_server"), "-H", "127.0.0.1", "-p", str(GLUE_PORT)]
        stack.enter_context(running(moto, f"{found.glue_url}/moto-api/", folder / "moto.log"))
        _fill(found)
        athena = [sys.executable, "-m", "acude.athena"]
        stack.enter_context(running(athena, f"{found.athena_url}/health", folder / "athena.log", settings))
        yield found


@retry(stop=stop_after_delay(60), wait=wait_fixed(0.5), reraise=True)
def _buckets(found: Platform) -> None:
    s3 = found.client("s3")
    have = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    for bucket in {LAKE, RESULTS} - have:
        s3.create_bucket(Bucket=bucket)


def _fill(found: Platform) -> None:
    _buckets(found)
    for database in ("default", "silver", "gold"):
        found.client("glue").create_database(DatabaseInput={"Name": database})
    for day in (1, 2, 3):
        found.write("gold", "vendas", vendas(day), mode="append", partition_by=["data"])
    found.register("gold", "vendas", VENDAS, {"data": "date"})


@pytest.fixture
def analyst(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """The environment of an analyst: the endpoints are set, the clients are as they come."""
    for name, value in platform.environment().items():
        monkeypatch.setenv(name, value)
    return platform
