"""A login that may not do something in a bucket is told which bucket, and what to do; executors say the same."""

from collections.abc import Iterator
from datetime import date

import pytest
from botocore.exceptions import ClientError

from acude import aws
from acude.aws import AccessRefusedError
from acude.orchestration.steps import needs_a_person
from acude.settings import Settings, override, settings
from jobs.batch import vendas
from tests.integration.batch.batch_lake import BatchLake, csv_of, line

NEXT = "Allow it there, or name another login: ACUDE_S3_ACCESS_KEY"


@pytest.fixture
def administrator(platform: object) -> Settings:
    del platform
    return settings()


@pytest.fixture
def reader(administrator: Settings) -> Iterator[dict[str, object]]:
    """The query engine's login, which reads the lake and writes results only."""
    keys = {
        "s3_access_key": administrator.trino_s3_access_key,
        "s3_secret_key": administrator.trino_s3_secret_key,
    }
    override(keys)
    yield keys
    override({})


@pytest.mark.usefixtures("reader")
def test_a_bucket_that_may_not_be_listed_is_named(lake: BatchLake, day: date) -> None:
    with pytest.raises(AccessRefusedError) as caught:
        vendas.run(day, "r1")
    assert caught.value.found == f"S3 refuses ListObjectsV2 in bucket {lake.inbox} to this login (AccessDenied)."
    assert NEXT in caught.value.next_step
    assert needs_a_person(caught.value)


@pytest.mark.usefixtures("lake", "reader")
def test_it_is_botos_own_error_as_well_with_its_code() -> None:
    with pytest.raises(ClientError) as caught:
        aws.s3().head_object(Bucket=settings().lake_bucket, Key="nothing")
    assert caught.value.response["Error"]["Code"] == "403"
    assert caught.value.operation_name == "HeadObject"


def test_a_lake_that_executors_may_not_write_is_named(
    administrator: Settings, reader: dict[str, object], day: date
) -> None:
    override(reader | {"inbox_bucket": administrator.results_bucket})
    key, s3 = f"vendas/loja/{day}.csv", aws.s3(administrator)
    s3.put_object(Bucket=administrator.results_bucket, Key=key, Body=csv_of(line(day)))
    try:
        with pytest.raises(AccessRefusedError) as caught:
            vendas.run(day, "r1")
    finally:
        s3.delete_object(Bucket=administrator.results_bucket, Key=key)
    assert f"in bucket {administrator.lake_bucket} to this login (ACCESS_DENIED)" in str(caught.value)
    assert NEXT in caught.value.next_step
