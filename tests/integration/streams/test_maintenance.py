"""Compacting and expiring the streams' tables: fewer files, the same rows, and nobody notices."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from acude.aws import s3
from acude.lake.lease import Lease
from acude.settings import PROJECT
from tests.integration.streams.silver import NOON, Silver, expected, live
from tests.integration.streams.steps import ask, compact, expire, measure, serve_one_request
from tests.integration.streams.streamlab import StreamLab
from tests.waiting import awaited

EVENTS = "silver.eventos_clientes"
DAY = timedelta(days=1)
YESTERDAY = NOON - DAY
TOMORROW = datetime.now(UTC).date() + DAY
SECOND = timedelta(seconds=1)


def land_six_files(silver: Silver) -> None:
    for number in range(6):
        silver.land(silver.event(YESTERDAY + number * SECOND, f"u{number}", id_produto="p1"))


def data_files(lab: StreamLab, table: str) -> list[str]:
    found = s3(lab.config).list_objects_v2(Bucket=lab.config.lake_bucket, Prefix=table.replace(".", "/"))
    return [entry["Key"] for entry in found["Contents"] if entry["Key"].endswith(".parquet")]


def test_compacting_a_closed_day_joins_its_files_and_keeps_its_rows(spark: StreamLab, silver: Silver) -> None:
    land_six_files(silver)
    silver.land(silver.event(NOON, "today"))
    before = sorted(spark.rows(EVENTS), key=repr)
    assert spark.do(compact, EVENTS, YESTERDAY.date()) == {"files": 6, "removed": 6, "added": 1}
    assert sorted(spark.rows(EVENTS), key=repr) == before
    assert len(spark.table(EVENTS).file_uris()) == 2
    changes = [action for action in newest_commit(spark) if "add" in action or "remove" in action]
    assert not any((action.get("add") or action["remove"])["dataChange"] for action in changes)


def newest_commit(lab: StreamLab) -> list[dict[str, dict[str, object]]]:
    key = f"{EVENTS.replace('.', '/')}/_delta_log/{lab.table(EVENTS).version():020d}.json"
    body = s3(lab.config).get_object(Bucket=lab.config.lake_bucket, Key=key)["Body"].read()
    return [json.loads(line) for line in body.splitlines()]


def test_a_day_of_few_files_is_left_alone(spark: StreamLab, silver: Silver) -> None:
    silver.land(silver.event(YESTERDAY, "u1"))
    version = spark.table(EVENTS).version()
    assert spark.do(compact, EVENTS, YESTERDAY.date()) == {"files": 1, "removed": 0, "added": 0}
    assert spark.table(EVENTS).version() == version


def test_a_day_that_has_not_begun_is_not_compacted(spark: StreamLab, silver: Silver) -> None:
    del silver
    with pytest.raises(AssertionError, match="has not begun"):
        spark.do(compact, EVENTS, TOMORROW)


def test_the_live_windows_count_on_after_a_compaction(spark: StreamLab, silver: Silver) -> None:
    land_six_files(silver)
    first = silver.event(NOON, "u1", id_produto="p1")
    silver.land(first)
    spark.do(measure)
    spark.do(compact, EVENTS, YESTERDAY.date())
    spark.do(expire, EVENTS)
    second = silver.event(NOON + SECOND, "u2", id_produto="p1")
    silver.land(second)
    spark.do(measure)
    assert live(spark) == expected([first, second])


def test_expiring_deletes_the_files_that_no_version_in_time_needs(spark: StreamLab, silver: Silver) -> None:
    land_six_files(silver)
    spark.do(compact, EVENTS, YESTERDAY.date())
    assert len(data_files(spark, EVENTS)) == 7
    rows = sorted(spark.rows(EVENTS), key=repr)
    spark.do(expire, EVENTS)
    assert len(data_files(spark, EVENTS)) == 1
    assert sorted(spark.rows(EVENTS), key=repr) == rows


def test_files_that_no_version_names_are_swept_by_age(spark: StreamLab, silver: Silver) -> None:
    land_six_files(silver)
    left = f"{EVENTS.replace('.', '/')}/data={YESTERDAY.date()}/left-by-a-driver-that-died.parquet"
    s3(spark.config).put_object(Bucket=spark.config.lake_bucket, Key=left, Body=b"PAR1")
    spark.change(expire_after="PT1H")
    try:
        spark.do(expire, EVENTS)
        assert left in data_files(spark, EVENTS), "a batch under way may still commit it"
    finally:
        spark.change(expire_after=timedelta())
    spark.do(expire, EVENTS)
    assert left not in data_files(spark, EVENTS)
    assert len(data_files(spark, EVENTS)) == 6


def test_rows_older_than_the_contracts_retention_go(spark: StreamLab, silver: Silver) -> None:
    del silver
    table = "gold.ao_vivo_usuarios_ativos"
    windows = [
        {"data": at.date(), "janela_inicio": at, "janela_fim": at + SECOND, "usuarios": 1}
        for at in (NOON - 36 * DAY, NOON - 34 * DAY)
    ]
    spark.append(table, windows)
    spark.do(expire, table)
    assert [row["data"] for row in spark.rows(table)] == [(NOON - 34 * DAY).date()]


def test_a_request_is_served_where_no_driver_runs(spark: StreamLab, silver: Silver) -> None:
    land_six_files(silver)
    assert spark.do(ask, "compact", EVENTS, YESTERDAY.date()) == {"files": 6, "removed": 6, "added": 1}
    left = s3(spark.config).list_objects_v2(Bucket=spark.config.lake_bucket, Prefix="_controle/")
    assert [entry["Key"] for entry in left["Contents"]] == ["_controle/arrendamentos/streams.json"]


def test_a_request_is_served_by_the_driver_that_holds_the_lease(spark: StreamLab, silver: Silver) -> None:
    land_six_files(silver)
    with ThreadPoolExecutor(1) as pool:
        served = pool.submit(spark.do, serve_one_request)
        # Who finds no driver would do it himself.
        awaited(Lease("streams", spark.config).holder, bool)
        asked = subprocess.run(
            [sys.executable, "-c", f"from {ask.__module__} import ask; print(ask('expire', {EVENTS!r}, None))"],
            cwd=PROJECT, env=spark.whole_environment, stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        served.result()
    assert asked.stdout.strip() == "{'hours': 0, 'files': 0, 'log_files': 0}"


def test_a_failure_is_told_to_whoever_asked(spark: StreamLab, silver: Silver) -> None:
    del silver
    with pytest.raises(AssertionError, match="has not begun"):
        spark.do(ask, "compact", EVENTS, TOMORROW)


def test_tables_of_the_batch_driver_are_refused(spark: StreamLab, silver: Silver) -> None:
    del silver
    with pytest.raises(AssertionError, match="maintain_batch"):
        spark.do(ask, "expire", "gold.mais_vendidos", None)
