"""Silver made again from bronze is silver as it was streamed."""

import json
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest

from acude.aws import keys, s3
from acude.ingestion.saved_ids import STATE
from acude.kafka.topics import ensure_topics
from acude.local.platform import Platform
from acude.settings import settings
from tests.integration.streams.steps import compare, ingest, parts_rebuilt, rebuild, take_over
from tests.integration.streams.streamlab import Row, StreamLab, stream_lab
from tests.own_topic import drop_topic, own_topic, produce

SIDE = "_rebuild/teste"


def reading(number: int, value: str = "1.10") -> bytes:
    return f'{{"id_sensor":"s","valor":{value},"timestamp":"2026-11-22T10:00:00","id_evento":"{number}"}}'.encode()


@pytest.fixture(scope="module")
def streamed(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StreamLab, str]]:
    """A lake with three micro-batches that repeat and contradict each other and themselves."""
    del platform
    folder = tmp_path_factory.mktemp("rebuild") / "contracts"
    name = own_topic(folder)
    with stream_lab(contracts=folder) as lab:
        lab.new_lake()
        ensure_topics(settings().model_copy(update={"contracts": folder}))
        for batch in (
            [*(reading(n) for n in range(20)), reading(3), reading(4, "9.99"), b"{", None],
            [reading(5), reading(6, "9.99"), *(reading(n) for n in range(20, 30)), reading(25)],
            [reading(25, "7.00"), b'{"id_sensor":"s","valor":2,"timestamp":"2026-11-22T10:00:00"}', b"\xff"],
        ):
            produce(lab.config, name, *batch)
            lab.do(ingest)
        yield lab, name
        drop_topic(lab.config, name)


def as_set(rows: list[Row]) -> set[str]:
    return {repr(sorted(row.items())) for row in rows}


def test_rebuilt_silver_equals_silver_as_streamed(streamed: tuple[StreamLab, str]) -> None:
    lab, name = streamed
    differences = lab.do(rebuild, SIDE)
    tables = [f"silver.{name}", "silver.quarentena", "silver.duplicatas"]
    assert differences == dict.fromkeys(tables, (0, 0))
    for table in tables:
        assert lab.rows(table)


def test_a_rebuild_takes_some_batches_at_a_time_and_their_repeats_are_found(streamed: tuple[StreamLab, str]) -> None:
    lab, name = streamed
    lab.change(ingest_batch=2, spark_partitions=1)
    records = lab.do(parts_rebuilt, "_rebuild/partes")
    lab.change(ingest_batch=300_000, spark_partitions=2)
    # The first batch of 24 is more than ten of two, and so a part of its own; the others are 13 and 3.
    assert records == [24, 16]
    # One task has no more files of a day than parts.
    assert len(files_of_list(lab, "_rebuild/partes")[f"silver.{name}"]) == 2
    assert set(lab.do(compare, "_rebuild/partes").values()) == {(0, 0)}


def files_of_list(lab: StreamLab, prefix: str) -> dict[str, list[object]]:
    body = s3(lab.config).get_object(Bucket=lab.config.lake_bucket, Key=f"{prefix}/arquivos.json")["Body"].read()
    found: dict[str, list[object]] = json.loads(body)
    return found


def test_a_row_that_bronze_does_not_know_is_found_and_goes_when_the_rebuilt_tables_take_over(
    streamed: tuple[StreamLab, str],
) -> None:
    lab, name = streamed
    table = f"silver.{name}"
    right = lab.rows(table)
    lab.append(table, [right[0] | {"id_evento": "forged"}])
    assert lab.do(compare, SIDE)[table] == (1, 0)
    s3(lab.config).put_object(Bucket=lab.config.lake_bucket, Key=STATE, Body=b"{}")
    lab.do(take_over, SIDE)
    # The saved ids were those of the former table.
    assert not list(keys(lab.config.lake_bucket, STATE, lab.config))
    assert as_set(lab.rows(table)) == as_set(right)


def test_a_batch_that_was_cut_off_behind_bronze_is_there_once_after_a_rebuild(streamed: tuple[StreamLab, str]) -> None:
    lab, name = streamed
    tables = [f"silver.{name}", "silver.quarentena"]
    before = {table: len(lab.rows(table)) for table in tables}
    produce(lab.config, name, reading(40), reading(41), b"{")
    lab.do(ingest)
    # As a kill between bronze's commit and the others leaves them.
    lab.delete_last_commit("_checkpoints/ingest/")
    for table in tables:
        lab.undo_last_version(table)
    assert {table: len(lab.rows(table)) for table in tables} == before
    lab.do(rebuild, "_rebuild/cortado")
    lab.do(take_over, "_rebuild/cortado")
    lab.do(ingest)
    assert {table: len(lab.rows(table)) - before[table] for table in tables} == dict(zip(tables, (2, 1), strict=True))
    assert sorted(row["id_evento"] for row in lab.rows(tables[0]) if row["id_evento"] in {"40", "41"}) == ["40", "41"]


def test_of_an_id_on_two_partitions_the_first_to_arrive_stays_in_a_rebuild(streamed: tuple[StreamLab, str]) -> None:
    lab, name = streamed
    produce(lab.config, name, reading(50, "1.00"), partition=2)
    # Another millisecond of the broker's.
    time.sleep(0.01)
    produce(lab.config, name, reading(50, "2.00"), partition=0)
    lab.do(ingest)
    assert first_of_two(lab, name) == [(2, Decimal("1.0000"))]
    assert lab.do(rebuild, "_rebuild/particoes")[f"silver.{name}"] == (0, 0)
    lab.do(take_over, "_rebuild/particoes")
    assert first_of_two(lab, name) == [(2, Decimal("1.0000"))]


def first_of_two(lab: StreamLab, name: str) -> list[tuple[int, Decimal]]:
    """Partition and value of the readings 50."""
    return [(row["particao"], row["valor"]) for row in lab.rows(f"silver.{name}") if row["id_evento"] == "50"]
