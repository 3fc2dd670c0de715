"""What must not take the endpoint down: junk, strangers, huge results, an engine that dies."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import httpx
import psutil
import pytest
from botocore.exceptions import ClientError

from acude.athena.trino import Trino
from acude.local.platform import Platform
from tests.integration.athena.conftest import RESULTS, Athena
from tests.integration.athena.test_boto3 import ENDLESS
from tests.waiting import awaited

JSON = "application/x-amz-json-1.1"
MILLION = 1_000_000


def runs(engine: Trino) -> bool:
    """Whether the engine works at the endless query."""
    running: Any = engine.ask("GET", "/v1/query?state=RUNNING", headers={"X-Trino-User": "athena"})
    return ENDLESS in [each["query"] for each in running]


def pid(platform: Platform, name: str) -> int:
    found = next(each.pid for each in platform.status() if each.name == name)
    assert found
    return found


@pytest.mark.parametrize(
    ("key", "secret", "code"),
    [
        ("estranho", "x", "UnrecognizedClientException"),
        (None, "errado", "InvalidSignatureException"),
    ],
)
def test_only_the_platforms_key_is_answered(athena: Athena, key: str | None, secret: str, code: str) -> None:
    given = key or athena.config.aws_options()["aws_access_key_id"]
    stranger = athena.client("athena", aws_access_key_id=given, aws_secret_access_key=secret)
    with pytest.raises(ClientError, match=code):
        stranger.list_work_groups()


def test_another_region_is_not_answered(athena: Athena) -> None:
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        athena.client("athena", region_name="sa-east-1").list_work_groups()


def test_requests_without_a_signature_are_not_answered(athena: Athena) -> None:
    answer = httpx.post(
        str(athena.config.athena_endpoint), content=b"{}", headers={"X-Amz-Target": "AmazonAthena.ListWorkGroups"}
    )
    assert (answer.status_code, answer.json()["__type"]) == (403, "MissingAuthenticationTokenException")


def test_a_body_that_no_request_needs_is_refused(athena: Athena) -> None:
    answer = httpx.post(str(athena.config.athena_endpoint), content=b" " * 3 * MILLION)
    assert answer.status_code == 413


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\x00", b"0" * 3_000_000])
def test_junk_is_refused_without_harm(athena: Athena, body: bytes) -> None:
    headers = {"Content-Type": JSON, "Authorization": "AWS4-HMAC-SHA256 lixo", "X-Amz-Target": "x" * 5000}
    answer = httpx.post(str(athena.config.athena_endpoint), content=body, headers=headers)
    assert 400 <= answer.status_code < 500
    assert athena.rows("SELECT 1")[1] == ["1"]


def test_the_engine_answers_nobody_else(athena: Athena) -> None:
    url = f"http://127.0.0.1:{athena.config.trino_port}/v1/statement"
    for headers in ({"X-Trino-User": "athena"}, {"X-Trino-User": "athena", "X-Forwarded-Proto": "https"}):
        assert httpx.post(url, content=b"SELECT 1", headers=headers).status_code in {401, 403}


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("INSERT INTO gold.vendas SELECT * FROM gold.vendas", "PERMISSION_DENIED"),
        ("DELETE FROM awsdatacatalog_delta.gold.vendas", "PERMISSION_DENIED"),
        ("DROP TABLE gold.vendas", "PERMISSION_DENIED"),
        ("DROP SCHEMA gold CASCADE", "PERMISSION_DENIED"),
        ("CALL awsdatacatalog_delta.system.unregister_table('gold', 'vendas')", "PERMISSION_DENIED"),
        ("SELECT * FROM TABLE(awsdatacatalog_delta.system.table_changes('gold', 'vendas', 0))", "PERMISSION_DENIED"),
        ("CREATE TABLE gold.x WITH (external_location = 's3://acude-lake/gold/x/') AS SELECT 1 AS a", "HIVE_WRITER"),
    ],
)
def test_the_engine_itself_writes_nothing_in_the_lake(athena: Athena, sql: str, error: str) -> None:
    """Should a statement ever get past the endpoint's reading of it, rights and S3's own key stop it."""
    with closing(Trino(athena.config)) as engine, pytest.raises(Exception, match=error):
        list(engine.query(sql))
    assert athena.rows("SELECT count(*) FROM vendas")[1] == ["9"]


def test_a_million_rows_pass_through_little_memory(athena: Athena, platform: Platform) -> None:
    server = psutil.Process(pid(platform, "athena"))
    athena.done("SELECT 1")
    before = server.memory_info().rss
    sql = "SELECT a.n * 1000 + b.n AS n, 'linha com \"aspas\" e ação' AS texto FROM UNNEST(sequence(0, 999)) a(n), UNNEST(sequence(0, 999)) b(n)"  # noqa: E501
    execution = athena.done(sql)
    head = athena.client("s3").head_object(Bucket=RESULTS, Key=f"{execution['QueryExecutionId']}.csv")
    assert head["ContentLength"] > 30 * MILLION
    assert server.memory_info().rss - before < 80_000_000
    runtime = athena.client("athena").get_query_runtime_statistics(QueryExecutionId=execution["QueryExecutionId"])
    assert runtime["QueryRuntimeStatistics"]["Rows"]["OutputRows"] == MILLION


def test_queries_that_need_too_much_memory_fail_and_the_engine_lives(athena: Athena, platform: Platform) -> None:
    engine = pid(platform, "trino")
    large = "SELECT array_agg(repeat('x', 100)) FROM UNNEST(sequence(1, 10000)) a(n), UNNEST(sequence(1, 1000)) b(m)"
    with ThreadPoolExecutor(3) as pool:
        for reason in pool.map(athena.reason, [large] * 3):
            assert "memory" in reason
    assert athena.rows("SELECT 1")[1] == ["1"]
    assert pid(platform, "trino") == engine


def test_more_queries_than_run_at_once_wait_for_their_turn(athena: Athena) -> None:
    ids = [athena.start(f"SELECT {number}") for number in range(30)]
    with ThreadPoolExecutor(4) as pool:
        assert {each["Status"]["State"] for each in pool.map(athena.finished, ids)} == {"SUCCEEDED"}


def test_a_stopped_query_stops_in_the_engine(athena: Athena) -> None:
    query_id = athena.start(ENDLESS)
    with closing(Trino(athena.config)) as engine:
        awaited(lambda: runs(engine), bool)
        athena.client("athena").stop_query_execution(QueryExecutionId=query_id)
        assert athena.finished(query_id)["Status"]["State"] == "CANCELLED"
        assert not runs(engine)


def test_a_killed_engine_fails_its_queries_and_comes_back(athena: Athena, platform: Platform) -> None:
    query_id = athena.start(ENDLESS)
    with closing(Trino(athena.config)) as engine:
        awaited(lambda: runs(engine), bool)
    os.kill(pid(platform, "trino"), signal.SIGKILL)
    status = athena.finished(query_id)["Status"]
    assert status["State"] == "FAILED"
    assert "The query engine (Trino)" in status["StateChangeReason"]
    assert status["AthenaError"]["Retryable"]
    assert athena.rows("SELECT count(*) FROM vendas")[1] == ["9"]
