"""Starts dead streams again, and lands what waits by a bounded run where they don't start.

The streams are no Airflow tasks: a task's token expires long before a stream ends. On one machine the platform's
supervisor runs them, on AWS the service that they are submitted to; Airflow checks that they run.
"""

import logging
import subprocess
import sys
import time
from datetime import date, timedelta
from typing import Any

from acude.contracts.model import STREAMS
from acude.errors import AcudeError
from acude.lake import maintenance_requests
from acude.lake.lease import LEASE_HELD, Lease
from acude.local.patience import Patience
from acude.local.platform import Platform
from acude.orchestration.errors import CheckError
from acude.settings import Settings, settings

log = logging.getLogger(__name__)

CATCH_UP_AT_MOST = timedelta(minutes=20)
"""A catch-up is cut off after this; what it has landed stays, the next one goes on."""

_PATIENCE_S = 300.0
_LOOK_S = 5.0
_REQUEST_MAY_TAKE = timedelta(minutes=30)


def keep_alive() -> str:
    """Starts dead streams again; lands what waits by a bounded run where they don't start.

    Returns:
        What was found and done.

    Raises:
        CheckError: they were dead and don't start, and what had come until now is landed; or they start again and again
            and never get through a batch.
    """
    config = settings()
    lease, patience = Lease(STREAMS, config), None
    while holder := lease.holder():
        if holder["ready"]:
            return f"The streams run as process {holder['pid']} on {holder['host']}"
        patience = patience or Patience(_PATIENCE_S)
        patience.look(holder.get("cpu_s", 0.0))
        if patience.is_over:
            raise CheckError(
                f"The streams' driver (process {holder['pid']} on {holder['host']}) starts, but its queries don't get "
                f"through a batch within {patience.waited_s:.0f} s. `acude logs streams` says why"
            )
        time.sleep(_LOOK_S)
    log.warning("Nobody holds the streams' lease: the streams are dead")
    try:
        start(config)
    except AcudeError as problem:
        done = catch_up(config)
        raise CheckError(f"The streams were dead and don't start again: {problem} Meanwhile: {done}") from problem
    return "The streams were dead and run again"


def start(config: Settings) -> None:
    """Lets the supervisor start the streams, and waits until they run.

    Raises:
        AcudeError: they don't start, or no supervisor runs here.
    """
    platform = Platform(config)
    if not platform.is_running():
        raise AcudeError(
            "The streams' supervisor isn't on this machine.",
            "Start the streaming job where it runs (EMR Serverless, Databricks, its container), or `acude up` here.",
        )
    platform.start("streams")


def catch_up(config: Settings) -> str:
    """Lands and measures what waits, under the streams' lease, in a driver that ends by itself.

    Raises:
        CheckError: it failed or took too long.
    """
    try:
        done = _driver(config, CATCH_UP_AT_MOST.total_seconds(), "jobs.streaming", "--available-now")
    except subprocess.TimeoutExpired as problem:
        raise CheckError(
            f"The catch-up did not end within {CATCH_UP_AT_MOST} and was cut off. What it landed stays; run it again"
        ) from problem
    if done.returncode == LEASE_HELD:
        return "the streams came back by themselves"
    if done.returncode:
        raise CheckError(f"The catch-up failed with exit code {done.returncode}; its last lines:\n{_tail(done)}")
    return "what waited was landed by a catch-up run"


def _driver(config: Settings, within_s: float, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a driver that ends by itself, as a process of its own: its JVM ends with it."""
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=config.project, timeout=within_s, capture_output=True, text=True, check=False)


def _tail(done: subprocess.CompletedProcess[str]) -> str:
    return "\n".join(done.stderr.splitlines()[-20:])


def keep_up() -> str:
    """Compares every stream's lag with its contract; streams that were just started get time to catch up.

    Raises:
        CheckError: something waits longer than its contract allows.
    """
    from acude.orchestration.lag import lags  # noqa: PLC0415 - imports Spark

    until = time.monotonic() + _PATIENCE_S
    while True:
        found = lags(settings())
        late = [lag for lag in found if not lag.ok]
        if not late:
            return "; ".join(map(str, found))
        if time.monotonic() > until:
            raise CheckError(
                "; ".join(map(str, late))
                + ". Look at `acude logs streams`: is it failing, or is there more than it can do?"
            )
        time.sleep(_LOOK_S)


def maintain(day: date) -> list[dict[str, Any]]:
    """Asks the streams' driver to compact a closed day of its tables and to expire files that no table needs.

    Args:
        day: UTC day, before today.

    Returns:
        For each table its name and what was done.
    """
    from acude.lake.maintenance import stream_tables  # noqa: PLC0415 - imports Spark

    tables = stream_tables()
    compact = [
        maintenance_requests.Request(action="compact", table=one.full_name, day=day)
        for one in tables
        if one.partition_by
    ]
    return _asked(compact + [maintenance_requests.Request(action="expire", table=one.full_name) for one in tables])


def tidy(day: date) -> list[dict[str, Any]]:
    """Asks the streams' driver to join the day's small files, and to expire logs and live states.

    A stream leaves a file and two log entries in each table every few seconds; a day of them would slow it down.

    Args:
        day: UTC day.

    Returns:
        For each table its name and what was done.
    """
    from acude.lake.delta import is_live  # noqa: PLC0415 - imports Spark
    from acude.lake.maintenance import stream_tables  # noqa: PLC0415 - the same

    tables = stream_tables()
    grows = [one for one in tables if one.partition_by and not is_live(one)]
    compact = [maintenance_requests.Request(action="compact", table=one.full_name, day=day) for one in grows]
    return _asked(compact + [maintenance_requests.Request(action="expire", table=one.full_name) for one in tables])


def request(
    action: maintenance_requests.Action, table: str, day: date | None = None, wait: timedelta = _REQUEST_MAY_TAKE
) -> dict[str, Any]:
    """Asks for one action on one of the streams' tables, in a short driver where none runs.

    Args:
        action: `compact` or `expire`.
        table: its full name.
        day: UTC day, for `compact` alone.
        wait: how long.

    Returns:
        What `acude.lake.maintenance.compact` or `expire` returned.

    Raises:
        MaintenanceRequestError: a table that the streams don't write, a failure, or time ran out.
    """
    asked = maintenance_requests.Request(action=action, table=table, day=day)
    return maintenance_requests.request_all([asked], _serve_alone, wait)[0]


def _asked(asked: list[maintenance_requests.Request]) -> list[dict[str, Any]]:
    done = maintenance_requests.request_all(asked, _serve_alone, _REQUEST_MAY_TAKE)
    return [{"table": one.table, "action": one.action, **result} for one, result in zip(asked, done, strict=True)]


def _serve_alone(within_s: float) -> None:
    """Serves the requests that wait in a driver of their own."""
    done = _driver(settings(), within_s, "jobs.streaming.maintenance")
    if done.returncode not in {0, LEASE_HELD}:
        raise maintenance_requests.MaintenanceRequestError(
            f"The maintenance driver ended with {done.returncode}; its last lines:\n{_tail(done)}"
        )
