"""The streams' driver as its supervisor and the hourly DAG see it: exit codes, the lease, and a clean end."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import NewPartitions
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from acude.kafka import brokers
from acude.kafka.topics import ensure_topics
from acude.lake.lease import Lease
from acude.local.platform import Platform
from acude.settings import PROJECT, settings
from tests.integration.streams.streamlab import StreamLab, stream_lab
from tests.own_topic import drop_topic, own_topic, produce, reading
from tests.waiting import awaited

DRIVER = [sys.executable, "-m", "jobs.streaming"]


@pytest.fixture
def lab(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StreamLab, str]]:
    """A lake of its own with one topic of its own."""
    del platform
    folder = tmp_path_factory.mktemp("driver") / "contracts"
    name = own_topic(folder)
    with stream_lab(contracts=folder) as found:
        found.new_lake()
        ensure_topics(settings().model_copy(update={"contracts": folder}))
        yield found, name
        drop_topic(found.config, name)


def ids(lab: StreamLab, name: str) -> list[str]:
    return sorted(row["id_evento"] for row in lab.rows(f"silver.{name}"))


@retry(retry=retry_if_result(lambda ready: not ready), stop=stop_after_delay(240), wait=wait_fixed(0.5))
def until_ready(lab: StreamLab, driver: "subprocess.Popen[bytes]") -> bool:
    assert driver.poll() is None, driver.communicate()[1][-3000:]
    holder = Lease("streams", lab.config).holder()
    return bool(holder and holder["ready"])


def test_a_driver_that_finds_another_says_who_and_ends_with_3(lab: tuple[StreamLab, str]) -> None:
    lake, _ = lab
    with Lease("streams", lake.config):
        done = subprocess.run(
            [*DRIVER, "--available-now"], cwd=PROJECT, env=lake.whole_environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
    assert done.returncode == 3
    assert "are being written by process" in done.stderr
    assert "Traceback" not in done.stderr


@retry(retry=retry_if_result(lambda listens: not listens), stop=stop_after_delay(240), wait=wait_fixed(0.1))
def until_it_hears_sigterm(driver: "subprocess.Popen[bytes]") -> bool:
    caught = re.search(r"^SigCgt:\s*(\w+)", Path(f"/proc/{driver.pid}/status").read_text(), re.MULTILINE)
    return bool(caught and int(caught[1], 16) & 1 << signal.SIGTERM - 1)


def test_a_driver_that_is_told_before_it_has_begun_waits_for_nothing(lab: tuple[StreamLab, str]) -> None:
    lake, _ = lab
    with Lease("streams", lake.config):
        driver = subprocess.Popen(DRIVER, cwd=PROJECT, env=lake.whole_environment, stderr=subprocess.PIPE)
        try:
            until_it_hears_sigterm(driver)
            driver.send_signal(signal.SIGTERM)
            _, said = driver.communicate(timeout=120)
        finally:
            driver.kill()
    # One that waited on would have ended with 3: another driver has the lease.
    assert driver.returncode == 0, said[-3000:]


def test_a_driver_ends_cleanly_when_told_and_a_catch_up_takes_what_came_since(lab: tuple[StreamLab, str]) -> None:
    lake, name = lab
    produce(lake.config, name, reading(1))
    driver = subprocess.Popen(DRIVER, cwd=PROJECT, env=lake.whole_environment, stderr=subprocess.PIPE)
    try:
        until_ready(lake, driver)
        driver.send_signal(signal.SIGTERM)
        _, said = driver.communicate(timeout=120)
    finally:
        driver.kill()
    assert driver.returncode == 0, said[-3000:]
    assert Lease("streams", lake.config).holder() is None

    produce(lake.config, name, reading(2))
    done = subprocess.run(
        [*DRIVER, "--available-now"], cwd=PROJECT, env=lake.whole_environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert ids(lake, name) == ["1", "2"]
    assert Lease("streams", lake.config).holder() is None


def test_a_partition_that_is_added_while_the_streams_run_is_read_from_its_beginning(lab: tuple[StreamLab, str]) -> None:
    lake, name = lab
    produce(lake.config, name, reading(1), partition=0)
    driver = subprocess.Popen(DRIVER, cwd=PROJECT, env=lake.whole_environment, stderr=subprocess.PIPE)
    try:
        until_ready(lake, driver)
        awaited(lambda: ids(lake, name), lambda landed: landed == ["1"])
        with closing(KafkaAdminClient(**brokers.kafka_python(lake.config))) as admin:
            admin.create_partitions({name: NewPartitions(5)})
        for partition in range(5):
            produce(lake.config, name, reading(2 + partition), partition=partition)
        awaited(lambda: ids(lake, name), lambda landed: landed == list("123456"))
        assert driver.poll() is None
    finally:
        driver.terminate()
        driver.communicate(timeout=120)
