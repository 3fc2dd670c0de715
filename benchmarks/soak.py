"""Traffic with faults, kills and maintenance for as long as asked, then one reconciliation: `make soak`.

Usage: python -m benchmarks.soak [--minutes M]
"""

import os
import random
import signal
import threading
import time
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import typer

from acude.lake.maintenance_requests import MaintenanceRequestError
from acude.local.platform import Platform
from acude.orchestration import streams
from acude.reconciliation import compare as reconcile
from acude.simulator.faults import Shares
from acude.simulator.play import Config, play

VICTIMS = ("streams", "kafka", "s3")
_REST_S = 45.0


def main(
    minutes: Annotated[int, typer.Option(help="How long.")] = 60,
    rate: Annotated[float, typer.Option(help="Events a second.")] = 200,
    seed: Annotated[int, typer.Option(help="Decides events, victims and moments.")] = 7,
) -> None:
    """Plays shoppers, kills a server every one to three minutes, and compares everything at the end."""
    platform = Platform()
    platform.up()
    platform.up(["streams"])
    rng, stop, first = random.Random(seed), threading.Event(), datetime.now(UTC).date()  # noqa: S311 - no secret
    config = Config(rate=rate, duration=None, seed=seed, shares=Shares(0.02, 0.02, 0.01, 0.005))
    shoppers = threading.Thread(target=play, args=(config,), kwargs={"stop": stop, "platform": platform.config})
    shoppers.start()
    end = time.monotonic() + minutes * 60
    janitor = threading.Thread(target=_maintain, args=(first, stop))
    janitor.start()
    while time.monotonic() < end:
        time.sleep(rng.uniform(60, 180))
        name = rng.choice(VICTIMS)
        pid = platform.pid(name)
        if pid:
            print(f"{datetime.now(UTC):%H:%M:%S} kill -9 of {name}")
            os.kill(pid, signal.SIGKILL)
            platform.wait_back(name, pid)
    stop.set()
    shoppers.join()
    janitor.join()
    report = reconcile.run(first, datetime.now(UTC).date(), platform.config, wait=timedelta(minutes=5))
    for sentence in report.differences() or ["everything agrees"]:
        print(sentence)
    raise SystemExit(0 if report.ok else 1)


def _maintain(day: date, stop: threading.Event) -> None:
    """Compacts the day that is being written and lets old files go, again and again, beside whatever else happens."""
    while not stop.wait(_REST_S):
        try:
            tables = streams.tidy(day)
        except MaintenanceRequestError as problem:
            # Its driver was killed meanwhile.
            print(f"{datetime.now(UTC):%H:%M:%S} maintenance: {problem}")
        else:
            print(f"{datetime.now(UTC):%H:%M:%S} tidied {len(tables)} tables")


if __name__ == "__main__":
    typer.run(main)
