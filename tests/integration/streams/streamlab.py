"""A lake of a test's own and the streams' Spark in a process of its own.

Classic Spark and the Connect client can't live in one process, so the steps run in a child: each is a plain function of
this module, called through `StreamLab.do`.
"""

import os
import re
import shutil
import signal
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from kafka import KafkaAdminClient, KafkaProducer

from acude.aws import s3, storage_options
from acude.contracts.model import Contract, load
from acude.contracts.spark import arrow_schema
from acude.lake.ensure_table import ensure_table
from acude.lake.lease import Lease
from acude.payments.series.loader import Series
from acude.settings import PROJECT, Settings, settings
from tests.waiting import awaited

Row = dict[str, Any]

_PATIENCE_S = 300


@dataclass
class StreamLab:
    """The lake and the child process."""

    config: Settings
    changes: dict[str, object]
    child: ProcessPoolExecutor | None = None
    pid: int = 0
    buckets: list[str] = field(default_factory=list)

    def new_lake(self) -> None:
        """Goes on with an empty bucket; the last one is removed: the object store has only so many volumes."""
        self.remove_all()
        bucket = f"acude-teste-{uuid4().hex[:12]}"
        s3(self.config).create_bucket(Bucket=bucket)
        self.buckets.append(bucket)
        self.changes["lake_bucket"] = bucket
        self.config = settings().model_copy(update=self.changes)
        self.do(_set_environment, self.environment)

    @property
    def environment(self) -> dict[str, str]:
        """What tells another process of this lake."""
        return {f"ACUDE_{name.upper()}": str(value) for name, value in self.changes.items()}

    @property
    def whole_environment(self) -> dict[str, str]:
        """The same beside everything that stands in the environment already."""
        return {**os.environ, **self.environment}

    def do(self, step: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401 - whatever the step returns
        """Runs a step in the child and waits for what it returns."""
        if self.child is None:
            self.child = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
            self.child.submit(_set_environment, self.environment).result(timeout=60)
            self.pid = self.child.submit(os.getpid).result()
        try:
            return self.child.submit(_told, step, arguments).result(timeout=_PATIENCE_S)
        except TimeoutError:
            self._kill_the_process()
            raise AssertionError(f"{step.__name__} did not end within {_PATIENCE_S} s") from None

    def create(self, *tables: str) -> None:
        """Makes empty tables."""
        for name in tables:
            ensure_table(self._contract(name), self.config)

    def append(self, name: str, rows: list[Row]) -> None:
        """Appends rows to a table; columns that a row doesn't name are null."""
        contract = self._contract(name)
        filled = [{column: row.get(column) for column in contract.column_names} for row in rows]
        write_deltalake(self.table(name), pa.Table.from_pylist(filled, arrow_schema(contract)), mode="append")

    def _contract(self, name: str) -> Contract:
        return load(self.config.contracts)[name]

    def end_the_process(self) -> None:
        """Ends the child with its Spark; the next step begins another."""
        if self.child is not None:
            self.child.shutdown()
            self.child = None

    def _kill_the_process(self) -> None:
        """Ends a child that hangs, so that only the test at hand fails; the next step begins another."""
        os.kill(self.pid, signal.SIGKILL)
        self.forget_the_process()

    def forget_the_process(self) -> None:
        """After the child was killed; the next step begins another."""
        self.child = None

    def change(self, **changes: object) -> None:
        """Other settings for the next steps."""
        self.changes |= changes
        self.do(_set_environment, self.environment)

    def remove_all(self) -> None:
        """Removes all buckets."""
        for bucket in self.buckets:
            self.delete("", bucket)
            s3(self.config).delete_bucket(Bucket=bucket)
        self.buckets.clear()

    def table(self, name: str, prefix: str = "") -> DeltaTable:
        """A table as delta-rs sees it."""
        return DeltaTable(
            f"s3://{self.config.lake_bucket}/{prefix}{name.replace('.', '/')}",
            storage_options=storage_options(self.config),
        )

    def rows(self, name: str, prefix: str = "") -> list[Row]:
        """All rows of a table, read by delta-rs."""
        found: list[Row] = self.table(name, prefix).to_pyarrow_table().to_pylist()
        return found

    def delete_last_commit(self, checkpoint: str) -> None:
        """Makes a query run its last batch again, as after a kill between the tables' commits and the checkpoint's."""
        found = s3(self.config).list_objects_v2(Bucket=self.config.lake_bucket, Prefix=checkpoint)["Contents"]
        commits = [entry["Key"] for entry in found if re.search(r"/commits/\d+$", entry["Key"])]
        self.delete(max(commits, key=lambda key: int(key.rpartition("/")[2])))

    def delete(self, prefix: str, bucket: str | None = None) -> None:
        """Deletes what lies under a prefix of the lake's bucket."""
        client, bucket = s3(self.config), bucket or self.config.lake_bucket
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", ()):
                client.delete_object(Bucket=bucket, Key=entry["Key"])


@contextmanager
def stream_lab(**changes: object) -> Iterator[StreamLab]:
    """A child process for lakes that `new_lake` makes; all of it goes away afterwards.

    Args:
        changes: settings that differ from the process's own.
    """
    lab = StreamLab(settings(), {"jvm_short_lived": True, **changes})
    try:
        yield lab
    finally:
        lab.end_the_process()
        lab.remove_all()


def _set_environment(environment: dict[str, str]) -> None:
    os.environ.update(environment)
    settings.cache_clear()


def _told(step: Callable[..., Any], arguments: tuple[object, ...]) -> Any:  # noqa: ANN401 - whatever the step returns
    """Runs a step; its failure becomes text, for Spark's exceptions can't leave their process."""
    try:
        return step(*arguments)
    except Exception:  # noqa: BLE001 - every failure is reported
        raise AssertionError(traceback.format_exc()) from None


def _spark() -> Any:  # noqa: ANN401 - Spark is only imported in the child
    from acude.lake.session import driver_session  # noqa: PLC0415

    return driver_session("streamlab")


def measure() -> None:
    """Step: brings the live windows up to date in one micro-batch, from where the last one ended."""
    from jobs.streaming import measure as job  # noqa: PLC0415

    _caught_up(job)


def stock() -> None:
    """Step: brings the live stock up to date."""
    from jobs.streaming import stock as job  # noqa: PLC0415

    _caught_up(job)


def payments() -> None:
    """Step: counts the minutes again that have new payments or decisions."""
    from jobs.streaming import payments as job  # noqa: PLC0415

    _caught_up(job)


def score(first: date, last: date, changes: dict[str, Any] | None = None) -> list[Row]:
    """Step: decides silver's payments again, with the product's policy or one that differs from it."""
    from acude.risk.policy import Policy, read  # noqa: PLC0415
    from acude.risk_history.scoring import score_history  # noqa: PLC0415

    policy = Policy.model_validate(read().model_dump() | (changes or {}))
    rows: list[Row] = score_history(_spark(), first, last, policy).toArrow().to_pylist()
    return rows


class Killer(Series):
    """Where the database would be asked the process is killed."""

    def catch_up(self) -> int | None:
        os.kill(os.getpid(), signal.SIGKILL)
        return None


def payments_that_end_before_the_database() -> None:
    """Step: the same, but the process is killed between gold's commit and the database's."""
    from jobs.streaming import payments as job  # noqa: PLC0415

    with _lease() as lease:
        counting = job.Counting(lease, settings())
        counting.series = Killer(settings())
        _finish(job.go_on(_spark(), counting, settings(), {"availableNow": True}))


def _caught_up(job: Any) -> None:  # noqa: ANN401 - Spark is only imported in the child
    with _lease() as lease:
        _finish(job.start(_spark(), lease, available_now=True))


def _lease() -> Lease:
    return Lease("streams").acquire(timedelta(seconds=60))


def _finish(query: Any) -> None:  # noqa: ANN401 - Spark is only imported in the child
    query.awaitTermination()


def compact(name: str, day: date) -> dict[str, int]:
    """Step: joins a day's files."""
    from acude.contracts.model import table  # noqa: PLC0415
    from acude.lake import maintenance  # noqa: PLC0415

    with _lease() as lease:
        return maintenance.compact(_spark(), lease, table(name), day)


def expire(name: str) -> dict[str, int]:
    """Step: deletes what nobody needs."""
    from acude.contracts.model import table  # noqa: PLC0415
    from acude.lake import maintenance  # noqa: PLC0415

    with _lease() as lease:
        return maintenance.expire(lease, table(name))


def ingest() -> None:
    """Step: lands and refines what is in the topics, then ends."""
    from jobs.streaming import ingest as job  # noqa: PLC0415

    _caught_up(job)


def register() -> None:
    """Step: tells the catalogue of the lake's tables."""
    from acude.lake.catalog import register_all  # noqa: PLC0415

    register_all()


def rebuild(prefix: str) -> dict[str, tuple[int, int]]:
    """Step: makes silver again under a prefix; returns how it differs."""
    from acude.ingestion import rebuild as job  # noqa: PLC0415

    for _ in job.rebuild(_spark(), prefix):
        pass
    return job.differences(_spark(), prefix)


def compare(prefix: str) -> dict[str, tuple[int, int]]:
    """Step: how silver differs from what was made again under a prefix."""
    from acude.ingestion import rebuild as job  # noqa: PLC0415

    return job.differences(_spark(), prefix)


def take_over(prefix: str) -> None:
    """Step: puts rebuilt tables in the place of the streamed ones."""
    from acude.ingestion import rebuild as job  # noqa: PLC0415

    with _lease() as lease:
        job.take_over(lease, prefix)


def ask(action: Literal["compact", "expire"], name: str, day: date | None) -> dict[str, Any]:
    """Step: asks for maintenance, as an Airflow task does."""
    from acude.lake.maintenance_requests import request  # noqa: PLC0415

    return request(action, name, day, wait=timedelta(minutes=4))


def serve_one_request() -> None:
    """Step: holds the streams' lease until a request has come and been served."""
    from acude.lake import maintenance_requests  # noqa: PLC0415
    from jobs.streaming.maintenance import MaintenanceWorker  # noqa: PLC0415

    with _lease() as lease:
        worker = MaintenanceWorker(_spark(), lease)
        awaited(maintenance_requests.waiting, bool)
        worker.look()
        awaited(lambda: worker.busy, lambda busy: not busy)


# A topic of a test's own.


def own_topic(folder: Path) -> str:
    """Copies the contracts to a folder, with one new topic in the place of all others.

    Returns:
        The topic's name; its contract is `folder/topics/<name>.odcs.yaml`.
    """
    name = f"leituras_{uuid4().hex[:8]}"
    shutil.copytree(PROJECT / "contracts", folder)
    for other in (folder / "topics").glob("*.yaml"):
        other.unlink()
    text = (PROJECT / "tests" / "chaos" / "contract.odcs.yaml").read_text().replace("TOPIC", name)
    (folder / "topics" / f"{name}.odcs.yaml").write_text(text)
    return name


def drop_topic(lab: StreamLab, name: str) -> None:
    """Deletes a test's topic."""
    admin = KafkaAdminClient(bootstrap_servers=lab.config.kafka_bootstrap)
    admin.delete_topics([name])
    admin.close()


def produce(
    lab: StreamLab, topic: str, *payloads: bytes | None, headers: list[tuple[str, bytes]] | None = None
) -> None:
    """Sends payloads under the key `k`, and waits for the broker's answers."""
    producer = KafkaProducer(bootstrap_servers=lab.config.kafka_bootstrap, acks="all")
    answers = [producer.send(topic, payload, key=b"k", headers=headers) for payload in payloads]
    producer.flush()
    producer.close()
    for answer in answers:
        answer.get(timeout=60)
