"""A lake of a test's own and the streams' Spark in a process of its own.

Classic Spark and the Connect client can't live in one process, so the steps run in a child: each is a plain function,
called through `StreamLab.do`.
"""

import os
import re
import signal
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any
from uuid import uuid4

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from acude.aws import s3, storage_options
from acude.contracts.arrow import arrow_schema
from acude.contracts.model import Contract, load
from acude.lake.ensure_table import ensure_table
from acude.settings import Settings, settings
from tests.buckets import drop, empty

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
            drop(bucket, self.config)
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

    def undo_last_version(self, name: str) -> None:
        """Takes a table's last commit away, as if its writer had been killed before it."""
        version = self.table(name).version()
        self.delete(f"{name.replace('.', '/')}/_delta_log/{version:020}.json")

    def delete(self, prefix: str, bucket: str | None = None) -> None:
        """Deletes what lies under a prefix of the lake's bucket."""
        empty(bucket or self.config.lake_bucket, prefix, self.config)


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
    load.cache_clear()


def _told(step: Callable[..., Any], arguments: tuple[object, ...]) -> Any:  # noqa: ANN401 - whatever the step returns
    """Runs a step; its failure becomes text, for Spark's exceptions can't leave their process."""
    try:
        return step(*arguments)
    except Exception:  # noqa: BLE001 - every failure is reported
        raise AssertionError(traceback.format_exc()) from None
