"""The servers as a user meets them: ready, and back after a kill."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
import typer
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic
from psycopg2 import sql

from acude import aws
from acude.commands.status import status
from acude.local.errors import PlatformError
from acude.local.platform import Platform
from acude.local.processes import marked
from acude.local.servers import postgres
from acude.local.service import Action, Service, nothing
from acude.local.services import all_services
from acude.publishing.publish import session
from acude.settings import Settings
from tests.integration.conftest import read_to_the_end
from tests.programs import free_port
from tests.waiting import awaited


@pytest.fixture
def topic(platform: Platform) -> Iterator[str]:
    """A topic of its own, removed afterwards."""
    name = f"teste_{uuid4().hex}"
    with closing(KafkaAdminClient(bootstrap_servers=platform.config.kafka_bootstrap)) as admin:
        admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])
    yield name
    # A client of its own again: the test may have killed the broker that the first one knew.
    with closing(KafkaAdminClient(bootstrap_servers=platform.config.kafka_bootstrap)) as admin:
        admin.delete_topics([name])


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Platform]:
    """A second platform, of which only the catalogue will run."""
    servers = Platform(Settings(var=tmp_path, glue_port=free_port()))
    yield servers
    servers.down()


def produce(platform: Platform, topic: str, values: list[bytes]) -> None:
    producer = KafkaProducer(bootstrap_servers=platform.config.kafka_bootstrap, acks="all", max_request_size=2_000_000)
    for value in values:
        producer.send(topic, value).get(timeout=30)
    producer.close()


def consume(platform: Platform, topic: str) -> list[bytes]:
    return [record.value for record in read_to_the_end(platform, topic)]


def test_a_service_that_runs_and_does_not_answer_is_not_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    servers = Platform(Settings(var=tmp_path, blacklist_port=free_port()))
    # Longer it would only be starting.
    begun = [replace(one, timeout_s=0) for one in all_services(servers.config)]
    monkeypatch.setattr("acude.local.status.all_services", lambda _: begun)
    monkeypatch.setattr("acude.commands.status.Platform", lambda: servers)
    try:
        servers.up(["blacklist"])
        assert shown("blacklist", capsys) == ("up", "")
        os.kill(servers.pid("blacklist") or 0, signal.SIGSTOP)
        state, note = shown("blacklist", capsys)
        os.kill(servers.pid("blacklist") or 0, signal.SIGCONT)
        assert state == "hangs"
        assert note.endswith("/saude does not answer within 5 s")
        assert shown("blacklist", capsys) == ("up", "")
    finally:
        servers.down()


def shown(name: str, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """State and note of a service, as `acude status --json` prints them."""
    with pytest.raises(typer.Exit):
        status(as_json=True)
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    return rows[name]["state"], rows[name]["note"]


def runs(process: psutil.Process) -> bool:
    """Whether a process still does anything; one that has ended may wait for its parent to ask how."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def kill_and_wait(platform: Platform, name: str) -> None:
    pid = platform.pid(name)
    assert pid
    os.kill(pid, signal.SIGKILL)
    platform.wait_back(name, pid)


def test_every_server_is_up(platform: Platform) -> None:
    states = {row.name: row.state for row in platform.status() if not row.live}

    assert {name: state for name, state in states.items() if state != "up"} == {}


def test_a_second_start_leaves_every_server_alone(platform: Platform) -> None:
    before = {row.name: row.pid for row in platform.status()}
    platform.up()

    assert {row.name: row.pid for row in platform.status()} == before


def test_a_topic_that_no_contract_names_does_not_come_into_being(platform: Platform) -> None:
    admin = KafkaAdminClient(bootstrap_servers=platform.config.kafka_bootstrap)
    name = f"nunca_{uuid4().hex}"
    KafkaConsumer(name, bootstrap_servers=platform.config.kafka_bootstrap, consumer_timeout_ms=500).poll(500)

    assert name not in admin.list_topics()
    admin.close()


def test_a_payload_of_a_megabyte_passes(platform: Platform, topic: str) -> None:
    produce(platform, topic, [b"x" * 1024 * 1024])

    assert [len(value) for value in consume(platform, topic)] == [1024 * 1024]


def test_a_broker_keeps_its_records_when_its_ports_are_moved(tmp_path: Path) -> None:
    for kept in ([], [b"1"]):
        broker = Platform(Settings(var=tmp_path, kafka_port=free_port(), kafka_controller_port=free_port()))
        try:
            broker.up(["kafka"])
            assert consume(broker, "eventos_clientes") == kept
            produce(broker, "eventos_clientes", [b"1"])
        finally:
            broker.down()


def test_a_killed_broker_comes_back_with_its_records(platform: Platform, topic: str) -> None:
    sent = [f"evento {number}".encode() for number in range(100)]
    produce(platform, topic, sent)
    kill_and_wait(platform, "kafka")

    assert consume(platform, topic) == sent


def test_a_killed_object_store_comes_back_with_its_objects(platform: Platform) -> None:
    bucket, key, body = platform.config.inbox_bucket, f"_teste/{uuid4().hex}", os.urandom(300_000)
    aws.s3(platform.config).put_object(Bucket=bucket, Key=key, Body=body)
    kill_and_wait(platform, "s3")

    assert aws.s3(platform.config).get_object(Bucket=bucket, Key=key)["Body"].read() == body
    aws.s3(platform.config).delete_object(Bucket=bucket, Key=key)


def test_a_killed_database_server_keeps_what_was_committed(platform: Platform) -> None:
    role = f"teste_{uuid4().hex}"
    with closing(postgres.connect(platform.config)) as session, session.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
    kill_and_wait(platform, "postgres")

    with closing(postgres.connect(platform.config)) as session, session.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = %s", (role,))
        assert cursor.fetchone() == (role,)
        cursor.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


@pytest.mark.parametrize("victim", ["driver", "its JVM"])
def test_the_batch_driver_and_its_jvm_end_together_and_come_back(platform: Platform, victim: str) -> None:
    driver = psutil.Process(platform.pid("spark-batch"))
    (jvm,) = [child for child in driver.children(recursive=True) if child.name() == "java"]

    os.kill((driver if victim == "driver" else jvm).pid, signal.SIGKILL)
    # Two that write the same tables would lose data. Until it has ended, the former JVM answers in the new one's place.
    awaited(lambda: [each for each in (driver, jvm) if runs(each)], lambda left: not left)
    platform.wait_back("spark-batch", driver.pid)

    with session() as spark:
        assert spark.range(3).count() == 3


def test_a_restart_by_the_supervisor_is_counted(platform: Platform) -> None:
    before = {row.name: row.restarts for row in platform.status()}["glue"]
    kill_and_wait(platform, "glue")

    assert {row.name: row.restarts for row in platform.status()}["glue"] == before + 1


def test_a_service_that_dies_at_each_start_for_a_while_still_comes_back(small: Platform) -> None:
    small.up(["glue"])
    for _ in range(6):
        pid = awaited(lambda: small.pid("glue"), bool)
        assert pid
        os.kill(pid, signal.SIGKILL)
        awaited(lambda dead=pid: small.pid("glue") != dead, bool)  # type: ignore[misc]
    awaited(lambda: small.pid("glue"), bool)


def test_a_taken_port_stops_the_start_with_a_sentence(small: Platform) -> None:
    with (
        socket.create_server(("127.0.0.1", small.config.glue_port)),
        pytest.raises(PlatformError, match=rf"glue needs port {small.config.glue_port}.*ACUDE_GLUE_PORT"),
    ):
        small.up(["glue"])


def test_servers_that_are_late_are_named_together_and_end_nobody_elses_start(
    small: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[str] = []

    def never(_: Settings) -> None:
        raise OSError("no answer")

    def after_the_late_ones(config: Settings) -> None:
        if len(failed) < 2:
            never(config)

    def sleeper(name: str, ready: Action, *after: str, timeout_s: float = 1) -> Service:
        command = ["sleep", "600"]
        return Service(
            name=name, purpose="", command=command, ready=ready, address="", after=after, timeout_s=timeout_s
        )

    monkeypatch.setattr(
        "acude.local.platform.all_services",
        lambda _: [
            sleeper("late", never),
            sleeper("later", never),
            sleeper("behind", nothing, "late"),
            sleeper("slow", after_the_late_ones, timeout_s=60),
            sleeper("quick", nothing, "slow"),
        ],
    )
    with pytest.raises(PlatformError, match=r"(late.? runs but did not answer.*){2}") as problem:
        small.up(None, lambda name, state: failed.append(name) if state == "failed" else None)
    assert {"late:", "later:"} <= set(problem.value.log)
    assert {name for name in ("late", "later", "behind", "slow", "quick") if small.pid(name)} == {"slow", "quick"}


def test_down_ends_what_a_killed_supervisor_left_behind(small: Platform) -> None:
    small.up(["glue"])
    supervisor = int((small.config.var / "supervisord.pid").read_text())
    os.kill(supervisor, signal.SIGKILL)

    assert small.down() == 1
    assert marked(small.config.var) == []


def test_two_who_stop_the_platform_do_not_trip_over_each_other(small: Platform) -> None:
    small.up(["glue"])
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda _: Platform(small.config).down(), range(4)))

    assert ended == [0, 0, 0, 0]
    assert not small.is_running()


def test_a_start_after_a_killed_supervisor_finds_the_ports_free(small: Platform) -> None:
    small.up(["glue"])
    orphan = small.pid("glue")
    os.kill(int((small.config.var / "supervisord.pid").read_text()), signal.SIGKILL)
    small.up(["glue"])

    assert small.pid("glue") not in {None, orphan}
    assert [row.state for row in small.status(thorough=False) if row.name == "glue"] == ["up"]
