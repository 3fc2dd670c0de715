"""What the batch keeps on S3 beside its tables: whose record stands, what is gone, and what goes."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from acude.lake import maintenance, run_records
from acude.lake.data_files import DataFile
from acude.lake.run_records import Publication
from acude.publishing import staging
from acude.publishing.staging import Staged, StagingError
from jobs.batch import maintenance as batch_maintenance
from tests.buckets import MemoryBucket

DAY, TABLE = date(2026, 11, 22), "gold.estoque"
Object = dict[str, Any]


def publication(run_id: str, version: int) -> Publication:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    return Publication(table=TABLE, day=DAY, run_id=run_id, rows=1, hash="h", version=version, published_at=at)


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(
    ("written", "stands"), [((1, 2), 2), ((2, 1), 2), ((1, 3, 2), 3)], ids=["in order", "late", "late behind two"]
)
def test_the_record_of_the_higher_version_stands_whoever_writes_last(written: tuple[int, ...], stands: int) -> None:
    for version in written:
        run_records.put_newer(publication(f"r{version}", version))
    assert run_records.publication(TABLE, DAY) == publication(f"r{stands}", stands)


@pytest.mark.parametrize("first", [None, 1])
def test_a_record_that_another_run_writes_between_reading_and_writing_is_read_again(
    bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch, first: int | None
) -> None:
    if first:
        run_records.put_newer(publication("first", first))
    write = bucket.put_object

    def write_after_another(**given: Any) -> Object:  # noqa: ANN401 - boto3's arguments
        monkeypatch.setattr(bucket, "put_object", write)
        run_records.put_newer(publication("newer", 3))
        return write(**given)

    monkeypatch.setattr(bucket, "put_object", write_after_another)
    run_records.put_newer(publication("older", 2))
    assert run_records.publication(TABLE, DAY) == publication("newer", 3)


def staged() -> Staged:
    file = DataFile(table=TABLE, path="data=x/1.parquet", partition={"data": "x"}, size=1, rows=1, stats="")
    return Staged(table=TABLE, day=DAY, run_id="r", rows=1, hash="h", files=[file])


@pytest.mark.usefixtures("bucket")
def test_a_staged_file_that_is_gone_is_said_to_be_gone() -> None:
    with pytest.raises(StagingError, match="is gone; stage and audit"):
        staging.etags_of(staged())


@pytest.mark.parametrize("code", ["403", "503", "SlowDown"])
def test_a_store_that_refuses_or_is_away_does_not_say_that_a_file_is_gone(bucket: MemoryBucket, code: str) -> None:
    bucket.refuses = code
    with pytest.raises(ClientError, match=code):
        staging.etags_of(staged())


def test_maintenance_removes_what_dead_runs_and_old_refusals_left(
    bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "tables", list)
    ages = {
        "_staging/gold/estoque/2026-11-01/r/dados.json": 8,
        "_staging/redshift/vendas/2026-11-01/r-1/00000.parquet": 8,
        "_staging/gold/estoque/2026-11-22/r/dados.json": 6,
        "_rejeitados/gold/estoque/2026-11-01/r/dados.json": 31,
        "_rejeitados/gold/estoque/2026-11-22/r/dados.json": 29,
        "_data_docs/2026-11-01/r-gold.html": 31,
        "_data_docs/2026-11-22/r-gold.html": 29,
        "_controle/publicado/gold.estoque/2026-11-01.json": 400,
    }
    bucket.objects = {key: (b"", datetime.now(UTC) - timedelta(days=age)) for key, age in ages.items()}
    assert batch_maintenance.run() == {"tables": [], "staged": 2, "rejected": 1, "reports": 1}
    assert sorted(bucket.objects) == [
        "_controle/publicado/gold.estoque/2026-11-01.json",
        "_data_docs/2026-11-22/r-gold.html",
        "_rejeitados/gold/estoque/2026-11-22/r/dados.json",
        "_staging/gold/estoque/2026-11-22/r/dados.json",
    ]
