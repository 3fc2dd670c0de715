"""Workers and executors that die, code that reaches them, and a cluster that takes no driver."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psutil
import pyarrow as pa
import pytest

from acude.contracts.model import STREAMS
from acude.lake import maintenance
from acude.lake.lease import Lease
from acude.local.platform import Platform
from acude.local.servers.spark import driver_environment, spark_home
from acude.publishing.publish import session
from acude.settings import PROJECT, settings
from acude.warehouse.target import targets
from jobs.batch import marts
from tests.chaos.conftest import Lake, new_lake, reading
from tests.integration.batch.batch_lake import BatchLake, csv_of, line, publish_day, revenue
from tests.integration.batch.own_warehouse import Warehouse
from tests.waiting import awaited
from tools import dist

# spark-submit takes the first python3 on the PATH.
WITHOUT_A_SERVER = {"ACUDE_SPARK_REMOTE": "sc://nowhere:1", "PYSPARK_DRIVER_PYTHON": sys.executable}

PARTS, LINES = 8, 3000
KILLS = 6

_LONG_S = 400
_WORKERS = ("spark-worker-1", "spark-worker-2")


def test_executors_on_both_workers_run_the_code_that_the_driver_brought(platform: Platform) -> None:
    def where(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import acude  # noqa: PLC0415 - on the executor

        for _ in batches:
            yield pa.RecordBatch.from_pylist([{"place": acude.__file__}])

    with session(platform.config) as spark:
        rows = spark.range(8).repartition(8).mapInArrow(where, "place string").distinct().collect()
    folders = {Path(row["place"]).relative_to(platform.config.var / "spark").parts[0] for row in rows}
    assert folders == {"worker-1", "worker-2"}
    assert all(".zip/acude/" in row["place"] for row in rows)


def test_executors_can_read_no_settings_here_so_what_the_other_tests_do_needs_none(platform: Platform) -> None:
    def refused(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from acude.settings import settings as read  # noqa: PLC0415 - on the executor

        for _ in batches:
            try:
                found = str(read())
            except ValueError as problem:
                found = str(problem)
            yield pa.RecordBatch.from_pylist([{"said": found}])

    with session(platform.config) as spark:
        [row] = spark.range(1).mapInArrow(refused, "said string").collect()
    assert "not for executors" in row["said"]


@pytest.fixture
def landing(platform: Platform, tmp_path: Path) -> Iterator[Lake]:
    """A lake of the test's own whose driver runs."""
    del platform
    with new_lake(tmp_path) as lake:
        driver = lake.start(available_now=False)
        awaited(Lease(STREAMS, lake.config).holder, lambda holder: bool(holder and holder.get("ready")))
        yield lake
        driver.send_signal(signal.SIGTERM)
        assert driver.wait(timeout=60) == 0


def test_killed_workers_and_executors_lose_nothing_and_repeat_nothing(platform: Platform, landing: Lake) -> None:
    for round_, worker in enumerate(_WORKERS):
        dead = platform.pid(worker)
        assert dead
        landing.send(*(reading(1000 * round_ + number) for number in range(500)))
        os.kill(dead, signal.SIGKILL)
        landing.send(*(reading(1000 * round_ + number) for number in range(400, 600)))
        platform.wait_back(worker, dead)
    for executor in _executors(platform):
        landing.send(*(reading(5000 + number) for number in range(100)))
        executor.kill()
    landing.send(*(reading(9000 + number) for number in range(100)))
    # New executors have to start first.
    awaited(lambda: _refined(landing), lambda found: found == sum(landing.acknowledged.values()), _LONG_S)
    landing.assert_nothing_lost_nothing_twice()


def _refined(lake: Lake) -> int:
    tables = (f"silver.{lake.topic}", "silver.quarentena", "silver.duplicatas")
    return sum(sum(lake.coordinates(table).values()) for table in tables)


def _executors(platform: Platform) -> list[psutil.Process]:
    workers = [psutil.Process(pid) for name in _WORKERS if (pid := platform.pid(name))]
    return [child for worker in workers for child in worker.children()]


def test_a_day_whose_executors_are_killed_under_it_is_published_whole(
    platform: Platform, lake: BatchLake, day: date
) -> None:
    for part in range(PARTS):
        lines = [line(day, order=f"{part}-{number}") for number in range(LINES)]
        lake.s3.put_object(Bucket=lake.inbox, Key=f"vendas/loja/{day}/part-{part}.csv", Body=csv_of(*lines))
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(publish_day, day, "r1")
        kills = 0
        # Spark gives an application up where its executors die ten times in a row.
        while not done.done() and kills < KILLS:
            for executor in _executors(platform):
                with suppress(psutil.NoSuchProcess):
                    executor.kill()
                kills += 1
            wait([done], timeout=10)
        done.result(timeout=_LONG_S)
    assert kills
    assert revenue(lake, day) == [Decimal(PARTS * LINES * 21)]


@pytest.mark.timeout(4 * _LONG_S)
def test_jobs_that_are_submitted_publish_the_day_with_drivers_of_their_own(
    lake: BatchLake, warehouse: Warehouse, day: date, tmp_path: Path
) -> None:
    lake.send(day, csv_of(line(day)))
    asked = ("--day", str(day), "--run-id", "submitted")
    other = {"ACUDE_SPARK_PYTHON": str(python_with_another_version(tmp_path))}
    _run(sys.executable, "-m", "jobs.batch.vendas", *asked, environment=other)
    _, code, main, _ = dist.make(tmp_path)
    submit = [str(spark_home() / "bin" / "spark-submit"), "--driver-class-path", f"{settings().jars}/spark/*"]
    submit += ["--py-files", str(code), str(main)]
    staged, _, published = _run(*submit, "batch.marts", *asked)
    assert staged.keys() == published.keys() == marts.MARTS.keys()
    assert revenue(lake, day) == [Decimal("21.0000")]
    # The warehouse takes the streams' tables, too.
    maintenance.create_all()
    into = {"ACUDE_WAREHOUSE_DSN": warehouse.config.warehouse_dsn.get_secret_value()}
    [loaded] = _run(*submit, "batch.carga_redshift", *asked, environment=into)
    assert len(loaded) == len(targets())
    [maintained] = _run(*submit, "batch.maintenance")
    assert {"table", "files"} <= maintained["tables"][0].keys(), maintained
    assert warehouse.ask("SELECT receita FROM vendas_por_regiao") == [(Decimal("21.0000"),)]


def python_with_another_version(folder: Path) -> Path:
    """A Python for executors on which another acude is installed, behind what Spark puts first, as all that is."""
    package, python = folder / "installed" / "acude", folder / "python"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('another version of acude')\n")
    python.write_text(f'#!/bin/sh\nPYTHONPATH="$PYTHONPATH:{package.parent}" exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return python


def _run(*command: str, environment: Mapping[str, str] = MappingProxyType({})) -> list[Any]:
    """Runs a job; what each of its steps printed."""
    ended = subprocess.run(
        command,
        cwd=PROJECT,
        # Without the warm server; what the lake is called stands in the environment.
        env=os.environ | driver_environment(settings()) | WITHOUT_A_SERVER | dict(environment),
        capture_output=True,
        text=True,
        timeout=_LONG_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-4000:]
    # spark-submit writes the program's log to standard output, too.
    return [json.loads(line) for line in ended.stdout.splitlines() if line.startswith(("{", "["))]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"ACUDE_SPARK_MASTER": "spark://127.0.0.1:1"}, "spark://127.0.0.1:1 does not answer"),
        ({"ACUDE_SPARK_SECRET": "not-this-one"}, "ACUDE_SPARK_SECRET"),
    ],
)
def test_a_driver_that_no_cluster_takes_says_so_and_ends(
    platform: Platform, tmp_path: Path, wrong: dict[str, str], said: str
) -> None:
    del platform
    with new_lake(tmp_path) as lake:
        ended = subprocess.run(
            [sys.executable, "-m", "jobs.streaming", "--available-now"],
            cwd=PROJECT,
            env=lake.environment | wrong,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    assert ended.returncode == 1
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
