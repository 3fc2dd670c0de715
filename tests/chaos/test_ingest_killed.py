"""Design property 1 under fire: nothing lost and nothing twice, wherever the driver is killed."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer

from acude.aws import s3
from acude.local.platform import Platform
from tests.chaos.conftest import MIXED, SIDE_TABLES, Lake, new_lake, reading

pytestmark = pytest.mark.usefixtures("platform")

COMMITS = ["bronze.eventos", "silver of the topic", "silver.quarentena"]


@pytest.fixture(scope="module")
def landed(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """A lake whose first driver has landed `MIXED` and one reading with a field that its contract doesn't know yet."""
    del platform
    with new_lake(tmp_path_factory.mktemp("landed")) as lake:
        lake.send(*MIXED, reading(50, unit="kPa"))
        lake.run()
        yield lake


def test_a_topic_needs_one_contract_file_and_no_python(landed: Lake) -> None:
    landed.assert_nothing_lost_nothing_twice()
    assert sorted(int(str(row["id_evento"])) for row in landed.rows(f"silver.{landed.topic}")) == list(range(40))
    reasons = sorted(str(row["motivo"]) for row in landed.rows("silver.quarentena"))
    assert reasons == ["campo_desconhecido", "contraditorio", "json_invalido", "tipo_errado", "vazio"]
    assert len(landed.rows("silver.duplicatas")) == 5


def test_the_next_driver_knows_what_landed_before_and_the_fields_that_the_contract_gained(landed: Lake) -> None:
    landed.add_field("unidade")
    landed.send(*(reading(n) for n in range(5)), reading(60), reading(61, unit="kPa"))
    landed.run()
    landed.assert_nothing_lost_nothing_twice()
    units = {row["id_evento"]: row["unidade"] for row in landed.rows(f"silver.{landed.topic}")}
    assert units == {str(n): None for n in range(40)} | {"60": None, "61": "kPa"}
    assert len(landed.rows("silver.duplicatas")) == 10


def test_kills_between_each_pair_of_commits_of_one_batch_lose_and_repeat_nothing(lake: Lake) -> None:
    lake.send(*MIXED)
    for commits, _ in enumerate(COMMITS, start=1):
        # Each driver runs the batch again from its beginning, and passes over what is committed already.
        assert lake.run(die_after=commits) == -signal.SIGKILL
        assert sum(lake.coordinates("bronze.eventos").values()) == len(MIXED)
        silver, quarantine, duplicates = (len(lake.rows(f"silver.{t}")) for t in (lake.topic, *SIDE_TABLES))
        assert [bool(silver), bool(quarantine), bool(duplicates)] == [commits > 1, commits > 2, False]
    lake.send(reading(100), reading(3))
    produce_and_abort(lake, reading(101))
    lake.send(reading(102))
    lake.run()
    lake.assert_nothing_lost_nothing_twice()
    landed = {row["id_evento"] for row in lake.rows(f"silver.{lake.topic}")}
    assert landed >= {"100", "102"}
    assert "101" not in landed


def produce_and_abort(lake: Lake, payload: bytes) -> None:
    """Leaves a record on the topic that its producer never committed."""
    producer = Producer({"bootstrap.servers": lake.config.kafka_bootstrap, "transactional.id": lake.topic})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(lake.topic, payload, "0")
    producer.flush(30)
    producer.abort_transaction(30)


def test_a_lost_checkpoint_goes_on_behind_bronze_and_mends_the_cut_batch(landed: Lake) -> None:
    before = len(landed.rows("silver.duplicatas"))
    landed.send(*(reading(n) for n in range(200, 240)), reading(200), b"{")
    landed.run(die_after=1)
    bucket = s3(landed.config)
    for entry in bucket.list_objects_v2(Bucket=landed.config.lake_bucket, Prefix="_checkpoints/")["Contents"]:
        bucket.delete_object(Bucket=landed.config.lake_bucket, Key=entry["Key"])
    landed.send(reading(300), reading(203))
    landed.run()
    landed.assert_nothing_lost_nothing_twice()
    assert len(landed.rows("silver.duplicatas")) == before + 2


def test_kills_of_driver_broker_and_object_store_at_any_moment(lake: Lake, platform: Platform) -> None:
    number = 0
    for victim in ("driver", "kafka", "s3"):
        lake.send(*(reading(n) for n in range(number, number + 200)), *MIXED[-3:])
        number += 200
        driver = subprocess.Popen(
            lake.command(), env=lake.environment, start_new_session=True, stderr=subprocess.DEVNULL
        )
        # Anywhere between start-up and the last commit; where it falls differs from run to run, the result does not.
        time.sleep(6 + number / 100)
        if victim == "driver":
            os.killpg(driver.pid, signal.SIGKILL)
        else:
            pid = platform.pid(victim)
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            platform.wait_back(victim, pid)
        driver.wait(timeout=300)
    lake.run()
    lake.assert_nothing_lost_nothing_twice()
    assert len(lake.rows(f"silver.{lake.topic}")) == number
