"""Data Docs: pages on S3, which Airflow shows to users that are logged in."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from airflow.api_fastapi.core_api.security import get_user
from fastapi.testclient import TestClient

from acude.orchestration.plugin import app
from acude.publishing.data_docs import write_docs
from acude.publishing.staging import AuditResult, Failure
from tests.buckets import MemoryBucket

DAY = date(2026, 11, 22)


def result(table: str, run_id: str, *failures: Failure) -> AuditResult:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    return AuditResult(
        table=table, day=DAY, run_id=run_id, hash="h", expectations=3, failures=list(failures), audited_at=at
    )


@pytest.fixture
def browser(bucket: MemoryBucket) -> Iterator[TestClient]:
    """Of a user that is logged in."""
    del bucket
    app.dependency_overrides[get_user] = lambda: None
    yield TestClient(app)
    app.dependency_overrides.clear()


def test_what_two_hosts_wrote_is_listed_and_can_be_read(browser: TestClient) -> None:
    failure = Failure(expectation="e", column="preco", expected="", found="1 of 9", meaning="preco <b>", sample=["-3"])
    address = write_docs([result("silver.vendas", "um", failure)])
    write_docs([result("gold.estoque", "dois")])
    assert address == f"s3://acude-lake/_data_docs/{DAY}/um-silver.html"
    listed = browser.get("/").text
    assert listed == browser.get("/index.html").text
    for name, says in ((f"{DAY}/um-silver.html", "refused"), (f"{DAY}/dois-gold.html", "passed")):
        assert f'href="{name}"' in listed
        assert says in browser.get(f"/{name}").text
    assert "preco &lt;b&gt;" in browser.get(f"/{DAY}/um-silver.html").text


@pytest.mark.parametrize(
    "name", [f"{DAY}/x.html", "x.html", f"{DAY}/..%2F..%2Fsegredo.html", "..%2Fsegredo.html", f"{DAY}"]
)
def test_other_objects_of_the_lake_are_no_pages(browser: TestClient, bucket: MemoryBucket, name: str) -> None:
    for key in ("segredo.html", "_data_docs/x.html", f"_data_docs/{DAY}"):
        bucket.put_object(Key=key, Body=b"segredo")
    assert browser.get(f"/{name}").status_code == 404


def test_nobody_reads_them_without_a_login(bucket: MemoryBucket) -> None:
    del bucket
    assert TestClient(app).get("/index.html").status_code in {401, 403}
