"""Design property 1 under fire: nothing lost and nothing twice, wherever the driver is killed."""

import os
import signal
import subprocess
import time

import pytest

from acude.aws import s3
from acude.local.platform import Platform
from tests.chaos.conftest import MIXED, Lake, reading

pytestmark = pytest.mark.platform

COMMITS = ["bronze", "silver", "quarantine"]


def test_a_topic_needs_one_contract_file_and_no_python(lake: Lake) -> None:
    lake.send(*MIXED)
    lake.run()
    lake.assert_nothing_lost_nothing_twice()
    assert sorted(int(str(row["id_evento"])) for row in lake.rows(f"silver.{lake.topic}")) == list(range(40))
    reasons = sorted(str(row["motivo"]) for row in lake.rows("silver.quarentena"))
    assert reasons == ["contraditorio", "json_invalido", "tipo_errado", "vazio"]
    assert len(lake.rows("silver.duplicatas")) == 5


@pytest.mark.parametrize("commits", [1, 2, 3], ids=COMMITS)
def test_a_kill_after_any_commit_of_a_batch_loses_and_repeats_nothing(lake: Lake, commits: int) -> None:
    lake.send(*MIXED)
    assert lake.run(die_after=commits) == -signal.SIGKILL
    landed = sum(lake.coordinates("bronze.eventos").values())
    refined = sum(sum(lake.coordinates(f"silver.{t}").values()) for t in (lake.topic, "quarentena", "duplicatas"))
    assert landed == len(MIXED)
    assert refined < landed, "the kill came too late: bronze must be ahead of silver here"
    lake.send(reading(100), reading(3))
    lake.run()
    lake.assert_nothing_lost_nothing_twice()


def test_a_lost_checkpoint_goes_on_behind_bronze_and_mends_the_cut_batch(lake: Lake) -> None:
    lake.send(*MIXED)
    lake.run(die_after=1)
    bucket = s3(lake.config)
    for entry in bucket.list_objects_v2(Bucket=lake.config.lake_bucket, Prefix="_checkpoints/")["Contents"]:
        bucket.delete_object(Bucket=lake.config.lake_bucket, Key=entry["Key"])
    lake.send(reading(100), reading(3))
    lake.run()
    lake.assert_nothing_lost_nothing_twice()
    assert len(lake.rows("silver.duplicatas")) == 6


def test_duplicates_are_found_across_batches_and_restarts(lake: Lake) -> None:
    lake.send(*(reading(n) for n in range(10)))
    lake.run()
    lake.send(*(reading(n) for n in range(5, 15)))
    lake.run()
    lake.assert_nothing_lost_nothing_twice()
    assert len(lake.rows(f"silver.{lake.topic}")) == 15
    assert len(lake.rows("silver.duplicatas")) == 5


def test_kills_of_driver_broker_and_object_store_at_any_moment(lake: Lake, platform: Platform) -> None:
    number = 0
    for victim in ("driver", "kafka", "s3", "driver"):
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
