"""A lake and topic of a test's own, the real driver behind a proxy that kills it, and readers other than Spark."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from deltalake import DeltaTable
from kafka import KafkaProducer

from acude.aws import s3, storage_options
from acude.contracts.model import STREAMS
from acude.kafka import brokers
from acude.kafka.topics import ensure_topics
from acude.lake.lease import Lease
from acude.local.platform import Platform
from acude.settings import PROJECT, Settings, settings
from tests.buckets import drop, empty
from tests.chaos.s3_proxy import Kill, S3Proxy, s3_proxy
from tests.own_topic import own_topic
from tests.servers import servers
from tests.waiting import awaited

Coordinate = tuple[int, int]
SIDE_TABLES = ("quarentena", "duplicatas")


@dataclass
class Lake:
    """A bucket of its own, the project's contracts and one topic more."""

    config: Settings
    topic: str
    environment: dict[str, str]
    proxy: S3Proxy
    acknowledged: Counter[Coordinate] = field(default_factory=Counter)

    def send(self, *payloads: bytes | None) -> list[Coordinate]:
        """Produces to the topic; returns and remembers what the broker acknowledged."""
        producer = KafkaProducer(**brokers.kafka_python(self.config), acks="all")
        sends = [producer.send(self.topic, payload, key=str(n % 7).encode()) for n, payload in enumerate(payloads)]
        producer.flush()
        producer.close()
        answers = [send.get(timeout=60) for send in sends]
        found = [(answer.partition, answer.offset) for answer in answers]
        self.acknowledged.update(found)
        return found

    def start(self, *, available_now: bool = True) -> "subprocess.Popen[str]":
        """Starts the driver, which lands what is there and ends, or goes on."""
        command = [sys.executable, "-m", "jobs.streaming", *(["--available-now"] if available_now else [])]
        driver = subprocess.Popen(
            command, cwd=PROJECT, env=self.environment, start_new_session=True, stderr=subprocess.PIPE, text=True
        )
        self.proxy.victim = driver.pid
        return driver

    def run(self, kill: Kill | None = None) -> None:
        """Runs the driver to its end, or to its death where that is asked for."""
        self.proxy.kill = kill
        driver = self.start()
        _, said = driver.communicate(timeout=300)
        self.proxy.kill = None
        if kill:
            assert kill.done, f"nothing was written to {kill.key}:\n{said[-4000:]}"
            assert driver.returncode == -signal.SIGKILL
        else:
            assert driver.returncode == 0, f"the driver failed:\n{said[-4000:]}"

    def wait_until_the_lease_is_free(self) -> None:
        """Until the streams' driver may be another one."""
        awaited(Lease(STREAMS, self.config).holder, lambda holder: holder is None)

    def lose_the_checkpoint(self) -> None:
        """Deletes all that is known of where the streams stood."""
        empty(self.config.lake_bucket, "_checkpoints/", self.config)

    def add_field(self, name: str) -> None:
        """Adds an optional text to the topic's contract; a driver reads it when it starts."""
        path = self.config.contracts / "topics" / f"{self.topic}.odcs.yaml"
        contract = yaml.safe_load(path.read_text())
        field = {"name": name, "logicalType": "string", "physicalType": "string", "description": "Added later"}
        contract["schema"][0]["properties"].append(field)
        path.write_text(yaml.safe_dump(contract, allow_unicode=True))

    def rows(self, table: str) -> list[dict[str, object]]:
        """All rows of a table, read by delta-rs; none where it has no commit."""
        found = DeltaTable(
            f"s3://{self.config.lake_bucket}/{table.replace('.', '/')}", storage_options=storage_options(self.config)
        ).to_pyarrow_table()
        rows: list[dict[str, object]] = found.to_pylist()
        return rows

    def coordinates(self, table: str) -> Counter[Coordinate]:
        """Kafka coordinates of this topic in a table, with how often each is there."""
        rows = [row for row in self.rows(table) if row.get("topico", self.topic) == self.topic]
        return Counter((int(str(row["particao"])), int(str(row["deslocamento"]))) for row in rows)

    def assert_nothing_lost_nothing_twice(self) -> None:
        """Acknowledged = bronze = silver + quarantine + duplicates, each coordinate once."""
        bronze = self.coordinates("bronze.eventos")
        refined = sum((self.coordinates(f"silver.{name}") for name in (self.topic, *SIDE_TABLES)), Counter())
        assert bronze == self.acknowledged
        assert refined == self.acknowledged


def reading(number: int, *, value: str = "1.10", moment: str = "2026-11-22T10:00:00", unit: str | None = None) -> bytes:
    """A valid reading; one with a unit fits only a contract that knows `unidade`."""
    fields = [
        f'"id_sensor": "s{number % 5}"',
        f'"valor": {value}',
        f'"timestamp": "{moment}"',
        f'"id_evento": "{number}"',
    ]
    return "{{{}}}".format(", ".join([*fields, *([f'"unidade": "{unit}"'] if unit else [])])).encode()


MIXED = [
    *(reading(n) for n in range(40)),
    *(reading(n) for n in range(5)),
    reading(6, value="9.99"),
    b"{",
    None,
    json.dumps({"id_sensor": 1}).encode(),
]
"""Forty readings, five repeats, a contradiction and three broken records."""


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """Broker and object store alone."""
    with servers("kafka", "s3") as found:
        yield found


@contextmanager
def new_lake(tmp_path: Path) -> Iterator[Lake]:
    """An empty lake; its topic's contract is one file that the test adds."""
    folder = tmp_path / "contracts"
    name = own_topic(folder)
    changes = {"lake_bucket": name.replace("_", "-"), "contracts": folder, "jvm_short_lived": True}
    config = settings().model_copy(update=changes)
    s3(config).create_bucket(Bucket=config.lake_bucket)
    ensure_topics(config)
    environment = os.environ | {f"ACUDE_{key.upper()}": str(value) for key, value in changes.items()}
    with s3_proxy(config.s3_endpoint or "") as proxy:
        yield Lake(config, name, environment | {"ACUDE_S3_ENDPOINT": proxy.endpoint}, proxy)
    drop(config.lake_bucket, config)
