"""Days of millions of sales lines, step by step: seconds, and the peak memory of each process.

Usage: python -m benchmarks.scale [--lines N ...] [--form csv|csv.gz|parquet] [--parts P] [--step S ...]

The load: lines of the simulated shop's old sales files, with their dirt, repeated under other order numbers until the
day has as many as wanted. Each step runs as a process of its own, as Airflow runs it; the servers share the machine.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Annotated, Any

import typer

from acude import aws
from acude.inbox.files import FOLDER
from acude.local.platform import Platform
from acude.settings import PROJECT, settings
from benchmarks.batch import circumstances
from benchmarks.peaks import Peaks
from benchmarks.scale_files import Form, write_day
from benchmarks.scale_step import Step

SERVERS = ("spark-batch", "athena", "postgres")
FIRST = date(2024, 1, 1)
"""The load's first day; each measurement has one of its own."""

ORIGIN = "escala"


def measured(step: Step, day: date) -> dict[str, Any]:
    """Seconds, CPU seconds and the peaks in MiB of one step.

    Raises:
        SystemExit: it failed; a figure of a failed step says nothing.
    """
    began = time.monotonic()
    with Peaks(settings().var) as peaks:
        task = subprocess.Popen([sys.executable, "-m", "benchmarks.scale_step", step, str(day)])
        peaks.name(task.pid, "the task")
        failed = task.wait()
    if failed:
        raise SystemExit(f"{step} of {day} failed with {failed}; a figure of a failed step says nothing")
    seconds = round(time.monotonic() - began, 1)
    return {"seconds": seconds, "cpu_s": round(peaks.cpu_s), "peaks_mib": peaks.mib}


def put(lines: int, day: date, form: Form, parts: int) -> int:
    """Puts a day of so many lines into the inbox; returns its bytes."""
    config, size = settings(), 0
    with tempfile.TemporaryDirectory(dir=config.var) as scratch:
        for path in write_day(lines, day, form, parts, Path(scratch)):
            name = f"{day}.{form}" if parts == 1 else f"{day}/{path.name}"
            aws.s3(config).upload_file(str(path), config.inbox_bucket, f"{FOLDER}{ORIGIN}/{name}")
            size += path.stat().st_size
    return size


def days() -> Iterator[date]:
    """Days that no earlier measurement used."""
    there = set(aws.keys(settings().inbox_bucket, f"{FOLDER}{ORIGIN}/"))
    for number in count():
        day = FIRST + timedelta(days=number)
        if not any(str(day) in key for key in there):
            yield day


def main(
    lines: Annotated[list[int] | None, typer.Option(help="Lines of a day; each has a day of its own.")] = None,
    form: Annotated[Form, typer.Option(help="Form of the files.")] = Form.CSV,
    parts: Annotated[int, typer.Option(min=1, help="Files of the day.")] = 1,
    step: Annotated[list[Step] | None, typer.Option(help="Steps; all unless given.")] = None,
) -> None:
    """Prints the figures with units and writes var/bench/scale.json."""
    servers = Platform()
    attached = servers.is_running()
    servers.up(SERVERS)
    settings.cache_clear()
    result: dict[str, Any] = circumstances() | {"form": form, "parts": parts, "days": []}
    target = PROJECT / "var" / "bench"
    target.mkdir(parents=True, exist_ok=True)
    print(f"{result['machine']}; load average before {result['load_average_before']}")
    try:
        # The first, a small one, pays for the cold code of the warm Spark server.
        for wanted, day in zip([1_000, *(lines or (1_000_000, 5_000_000, 20_000_000))], days(), strict=False):
            size = put(wanted, day, form, parts)
            print(f"{wanted:,} lines, {size / 1e6:.1f} MB, {day}", flush=True)
            steps: dict[str, dict[str, Any]] = {}
            result["days"].append({"lines": wanted, "bytes": size, "steps": steps})
            for one in step or list(Step):
                steps[one.value] = measured(one, day)
                report(one, steps[one.value])
                (target / "scale.json").write_text(json.dumps(result, indent=2, default=str))
            seconds = sum(one["seconds"] for one in steps.values())
            print(f"  {seconds:.1f} s, {seconds / wanted * 1e6:.0f} s per million lines", flush=True)
    finally:
        if not attached:
            servers.down()


def report(step: Step, found: dict[str, Any]) -> None:
    """A step's figures in words; only the larger processes."""
    peaks = ", ".join(f"{process} {mib:,}" for process, mib in list(found["peaks_mib"].items())[:5])
    print(f"  {step:<10} {found['seconds']:7.1f} s, CPU {found['cpu_s']:5} s; MiB: {peaks}", flush=True)


if __name__ == "__main__":
    typer.run(main)
