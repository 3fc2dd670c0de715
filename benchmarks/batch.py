"""One day of `vendas_diarias` from trigger to reconciled, task by task, and the backfill of thirty days.

Usage: python -m benchmarks.batch [--data DIR] [--from D] [--days N] [--repeat N] [--max-active N]

The load: daily files of the shop Online Retail where they lie beside the project, else files that the simulator
writes; either way through the running platform, all of whose servers share the machine. A day without a file counts
as a day. The first run is thrown away: it pays for the cold code of the warm Spark server.
"""

import json
import os
import platform as machine
import statistics
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer
from airflow_client.client import DAGRunResponse
from rich.progress import Progress

from acude.inbox import upload as inbox
from acude.local.platform import Platform
from acude.orchestration.airflow_api import AirflowApi, is_over
from acude.orchestration.backfills import Backfills
from acude.settings import PROJECT
from acude.simulator import history
from benchmarks.cpu import machine_seconds

DAG = "vendas_diarias"
RETAIL = PROJECT.parent / "shared" / "data" / "online-retail"
ONE_DAY = timedelta(days=1)
PACKAGES = ("apache-airflow", "pyspark", "delta-spark", "great-expectations", "pyarrow")


def fill_inbox(platform: Platform, data: Path, first: date, last: date) -> dict[str, Any]:
    """Puts the days' files into the inbox; says how many and how large they are."""
    source = "online-retail" if data == RETAIL else inbox.slug(data.name)
    files = inbox.daily_files(data, first, last)
    inbox.load(platform.config, files, source, replace=True)
    return {"source": source, "files": len(files), "bytes": sum(file.path.stat().st_size for file in files)}


def task_times(api: AirflowApi, run: DAGRunResponse) -> dict[str, dict[str, float]]:
    """For each task the seconds it ran and the seconds that passed before it started."""
    before, times = run.queued_at, {}
    for task in api.tasks(run.dag_id, run.dag_run_id):
        if before and task.start_date and task.end_date:
            gap = (task.start_date - before).total_seconds()
            times[task.task_id] = {"ran_s": round(task.duration or 0, 2), "waited_s": round(gap, 2)}
            before = task.end_date
    return times


def one_day(api: AirflowApi, day: date) -> dict[str, Any]:
    """Seconds from the call that triggers a day to the end of its run."""
    began, cpu = datetime.now(UTC), machine_seconds()
    run = api.wait(DAG, api.trigger(DAG, {"dia": day.isoformat()}), timeout_s=1800)
    if run.state != "success" or run.end_date is None:
        raise SystemExit(
            f"{DAG} of {day} is {run.state.value}; a figure of a failed run says nothing. See {run.dag_run_id}"
        )
    seconds = (run.end_date - began).total_seconds()
    return {"day": day, "seconds": seconds, "cpu_s": machine_seconds() - cpu, "tasks": task_times(api, run)}


def thirty_days(backfills: Backfills, first: date, days: int, max_active: int) -> dict[str, Any]:
    """Seconds from the call that starts a backfill to the end of its last run."""
    began, cpu, last = datetime.now(UTC), machine_seconds(), first + ONE_DAY * (days - 1)
    started = backfills.start(DAG, first, last, max_active_runs=max_active)
    with Progress() as progress:
        bar = progress.add_task("backfill", total=days)
        runs = backfills.follow(
            started, lambda now: progress.update(bar, completed=sum(map(is_over, now))), timeout_s=7200
        )
    failed = [run.dag_run_id for run in runs if run.state != "success"]
    if failed or len(runs) != days:
        raise SystemExit(f"{len(runs)} of {days} runs, failed: {failed}; a figure of such a backfill says nothing")
    ends = [run.end_date for run in runs if run.end_date]
    seconds = (max(ends) - began).total_seconds()
    return {"days": days, "max_active_runs": max_active, "seconds": seconds, "cpu_s": machine_seconds() - cpu}


def circumstances() -> dict[str, Any]:
    """Machine, versions, and what else kept it busy when the measuring began."""
    return {
        "machine": f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB, {machine.platform()}",
        "versions": {name: version(name) for name in PACKAGES} | {"python": machine.python_version()},
        "load_average_before": round(os.getloadavg()[0], 1),
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def main(
    data: Annotated[Path | None, typer.Option(help="Folder with a sales file a day.")] = None,
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"])] = datetime(2011, 3, 1),  # noqa: DTZ001 - a day
    days: Annotated[int, typer.Option(help="Days of the backfill.")] = 30,
    repeat: Annotated[int, typer.Option(help="Single days measured.")] = 3,
    max_active: Annotated[int, typer.Option(help="Runs at a time in the backfill.")] = 2,
) -> None:
    """Prints the figures with units and writes var/bench/batch.json."""
    servers = Platform()
    attached = servers.is_running()
    servers.up()
    result = circumstances()
    begin = first.date()
    with AirflowApi(servers.config) as api, tempfile.TemporaryDirectory() as scratch:
        folder = data or (RETAIL if RETAIL.is_dir() else Path(scratch) / "simulado")
        if folder.parent == Path(scratch):
            history.generate(7, [begin + ONE_DAY * number for number in range(days)], folder)
        result["load"] = fill_inbox(servers, folder, begin, begin + ONE_DAY * (days - 1))
        one_day(api, begin)
        result["one_day"] = [one_day(api, begin + ONE_DAY * number) for number in range(repeat)]
        time.sleep(2)
        result["backfill"] = thirty_days(Backfills(api), begin, days, max_active)
    target = PROJECT / "var" / "bench"
    target.mkdir(parents=True, exist_ok=True)
    (target / "batch.json").write_text(json.dumps(result, indent=2, default=str))
    report(result)
    if not attached:
        servers.down()


def report(result: dict[str, Any]) -> None:
    """The figures in words."""
    load, runs = result["load"], result["one_day"]
    print(f"{result['machine']}; load average before {result['load_average_before']}")
    print(f"load: {load['files']} files of {load['source']}, {load['bytes'] / 1e6:.1f} MB")
    seconds = [run["seconds"] for run in runs]
    print(f"one day, trigger to reconciled: median {statistics.median(seconds):.1f} s (aim 12, floor 45) of {seconds}")
    print("  CPU:", ", ".join(f"{run['cpu_s']:.0f} s" for run in runs))
    for task in runs[0]["tasks"]:
        ran = statistics.median(run["tasks"][task]["ran_s"] for run in runs)
        waited = statistics.median(run["tasks"][task]["waited_s"] for run in runs)
        print(f"  {task:<12} ran {ran:5.1f} s, waited {waited:4.1f} s")
    back = result["backfill"]
    print(
        f"backfill of {back['days']} days, {back['max_active_runs']} at a time: "
        f"{back['seconds']:.0f} s, {back['cpu_s']:.0f} of CPU"
    )
    print("  (aim 180 s, floor 480 s)")


if __name__ == "__main__":
    typer.run(main)
