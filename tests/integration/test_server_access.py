"""Who reaches the servers: nobody beyond this machine, and nobody without credentials."""

import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, STDOUT

import boto3
import httpx
import psycopg2
import pytest
from botocore.exceptions import ClientError
from pyspark.errors import PySparkException
from pyspark.sql.connect.client import SparkConnectClient

from acude.local.platform import Platform
from acude.local.ports import listening
from acude.local.processes import marked
from acude.settings import HOST

LOOPBACK = {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def test_nothing_listens_beyond_loopback(platform: Platform) -> None:
    open_to_others = {
        (row.name, host, port)
        for row in platform.status()
        for host, port in listening(row.pid or 0)
        if host not in LOOPBACK
    }

    assert open_to_others == set()


DOWNLOADED = {"ivy", "jars", "tools", "trino-server"}
"""Programs and libraries, which anybody can download."""

OF_TESTS = {"bench", "extensoes", "tests"}
"""Figures, and what tests keep beside the servers."""


def open_to_others(folder: Path) -> Iterator[Path]:
    """The files and sockets below that other users reach; a folder that is closed to them hides what lies in it."""
    for path in folder.iterdir():
        mode = path.lstat().st_mode
        if path.is_symlink() or not mode & 0o077:
            continue
        if path.is_dir():
            yield from open_to_others(path)
        else:
            yield path


def test_nothing_that_the_servers_keep_is_open_to_other_users(platform: Platform) -> None:
    var = platform.config.var
    theirs = {path for path in var.iterdir() if path.name not in DOWNLOADED | OF_TESTS}
    servers = {"local.env", "supervisord.conf", "s3.json", "issuer.pem", "airflow", "kafka", "log", "postgres", "s3"}
    assert {path.name for path in theirs} >= servers
    assert [path for path in open_to_others(var) if path.relative_to(var).parts[0] not in DOWNLOADED | OF_TESTS] == []
    assert var.stat().st_mode & 0o066 == 0


@pytest.mark.parametrize("path", ["local.env", "supervisord.conf", "s3.json", "issuer.pem", "airflow/airflow.cfg"])
def test_files_with_secrets_are_their_owners_only(platform: Platform, path: str) -> None:
    assert stat.S_IMODE((platform.config.var / path).stat().st_mode) == 0o600


def test_one_databases_owner_does_not_get_into_another(platform: Platform) -> None:
    dsn = platform.config.shop_dsn.get_secret_value()
    psycopg2.connect(dsn).close()
    with pytest.raises(psycopg2.OperationalError, match="permission denied"):
        psycopg2.connect(dsn.rpartition("/")[0] + "/risco")


def test_no_command_line_shows_a_secret(platform: Platform) -> None:
    pairs = [line.partition("=") for line in (platform.config.var / "local.env").read_text().splitlines()]
    kinds = ("_PASSWORD", "_KEY", "_SECRET", "_TOKEN", "_DSN")
    drawn = [value.strip("'\"") for name, _, value in pairs if name.endswith(kinds)]
    shown = [" ".join(process.cmdline()) for process in marked(platform.config.var)]

    assert len(drawn) > 5
    assert len(shown) > 5
    assert [line for line in shown for secret in drawn if secret in line] == []


def test_the_object_store_refuses_other_keys(platform: Platform) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=platform.config.s3_endpoint,
        region_name="us-east-1",
        aws_access_key_id="other",
        aws_secret_access_key="other",
    )
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        client.list_buckets()


@pytest.mark.parametrize(
    ("part", "path"),
    [
        (0, "dir/status"),
        (0, "dir/assign"),
        (0, "col/delete?collection=acude-lake"),
        (2, "3,01637037d6"),
        (4, "buckets/acude-lake/"),
    ],
)
def test_the_object_stores_inner_ports_answer_nobody(platform: Platform, part: int, path: str) -> None:
    answer = httpx.get(f"http://{HOST}:{platform.config.s3_internal_port + part}/{path}")

    assert answer.status_code in {401, 404}
    assert not answer.content.strip() or b"wrong jwt" in answer.content or b"page not found" in answer.content


def test_the_object_stores_parts_know_each_other_by_certificate(platform: Platform, tmp_path: Path) -> None:
    port = platform.config.s3_internal_port
    shell = [str(Path(sys.executable).parent / "weed"), "shell", f"-master={HOST}:{port}.{port + 1}"]
    stranger = subprocess.Popen(
        shell, stdin=PIPE, stdout=PIPE, stderr=STDOUT, cwd=tmp_path, env={"HOME": str(tmp_path)}, text=True
    )
    try:
        said, _ = stranger.communicate("volume.list\nexit\n", timeout=10)
    except subprocess.TimeoutExpired:
        stranger.kill()
        said, _ = stranger.communicate()

    assert "DataCenter" not in said


def test_the_catalogue_refuses_other_keys(platform: Platform) -> None:
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        boto3.client(
            "glue",
            endpoint_url=platform.config.glue_endpoint,
            region_name="us-east-1",
            aws_access_key_id="other",
            aws_secret_access_key="other",
        ).get_databases()


def test_the_catalogue_forgets_nothing_for_strangers(platform: Platform) -> None:
    answer = httpx.post(f"{platform.config.glue_endpoint}/moto-api/reset")

    assert (answer.status_code, answer.json()["__type"]) == (403, "MissingAuthenticationTokenException")


@pytest.mark.parametrize(
    ("port", "path"),
    [
        ("issuer_port", "jwks.json"),
        ("blacklist_port", "saude"),
        ("receiver_port", "recebidos"),
        ("warehouses_port", "saude"),
        ("risk_metrics_port", "metrics"),
    ],
)
def test_a_page_in_a_browser_is_not_answered_under_its_own_name(platform: Platform, port: str, path: str) -> None:
    platform.start("warehouses")
    platform.start("risk-worker")
    url = f"http://{HOST}:{getattr(platform.config, port)}/{path}"

    assert httpx.get(url).status_code == 200
    assert httpx.get(url, headers={"Host": f"page.example:{getattr(platform.config, port)}"}).status_code == 400


def test_the_databases_refuse_another_password(platform: Platform) -> None:
    dsn = platform.config.warehouse_dsn.get_secret_value()
    password = dsn.split(":")[2].split("@")[0]
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(dsn.replace(password, "other"))


def test_each_database_belongs_to_its_own_role(platform: Platform) -> None:
    for dsn, database in ((platform.config.warehouse_dsn, "warehouse"), (platform.config.shop_dsn, "loja")):
        session = psycopg2.connect(dsn.get_secret_value())
        with session.cursor() as cursor:
            cursor.execute("SELECT current_user, current_database(), current_setting('TimeZone')")
            assert cursor.fetchone() == (database, database, "UTC")
        session.close()


def test_the_warm_spark_refuses_another_token(platform: Platform) -> None:
    client = SparkConnectClient(f"sc://localhost:{platform.config.spark_connect_port}/;token=other")
    with pytest.raises(PySparkException, match="Invalid authentication token"):
        client.get_configs("spark.app.name")
    client.close()


def test_airflow_knows_its_user_and_refuses_others(platform: Platform) -> None:
    config = platform.config
    login = {"username": config.airflow_user, "password": config.airflow_password.get_secret_value()}

    assert httpx.post(f"{config.airflow_url}/auth/token", json=login).status_code == 201
    assert httpx.post(f"{config.airflow_url}/auth/token", json={**login, "password": "other"}).status_code == 401
    assert httpx.get(f"{config.airflow_url}/api/v2/dags").status_code == 401
