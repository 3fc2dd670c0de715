"""``acude backfill``."""

import time
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn

from acude.commands.days import day_option, require_order
from acude.commands.output import Json, err, out, print_json, print_table
from acude.commands.progress import Bars
from acude.days import require_days
from acude.settings import settings

if TYPE_CHECKING:
    from airflow_client.client import BackfillResponse, DAGRunResponse

    from acude.orchestration.backfills import Backfills

app = typer.Typer(add_completion=False)

_UNDER_WAY = ("queued", "running")


class Reprocess(StrEnum):
    """Which days run again although they ran before; Airflow's own values."""

    NONE = "none"
    FAILED = "failed"
    COMPLETED = "completed"


@app.command()
def backfill(
    dag: Annotated[str, typer.Argument(help="The DAG's name, for example vendas_diarias.")],
    *,
    first: Annotated[date, day_option("--from", "First day (UTC).")],
    last: Annotated[date, day_option("--to", "Last day (UTC), included.")],
    max_active: Annotated[int, typer.Option(min=1, max=16, help="How many runs at a time.")] = 2,
    reprocess: Annotated[
        Reprocess, typer.Option(help="Which days run again although they ran: none, failed, or all completed ones.")
    ] = Reprocess.COMPLETED,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would run.")] = False,
    as_json: Json = False,
) -> None:
    """Run a DAG again for past days, through Airflow's own backfill, and wait until it is over.

    Each run writes its own day only. Ctrl-C stops the waiting, not the backfill.
    Exit code 0 only where every day's run succeeded, 1 where one failed, 2 for a call that can't be.

    Examples:
      acude backfill vendas_diarias --from 2010-12-01 --to 2010-12-31
      acude backfill vendas_diarias --from 2010-12-01 --to 2010-12-31 --reprocess failed
    """
    days = first, last
    require_days(*days)
    require_order(*days)
    from acude.orchestration.airflow_api import AirflowApi  # noqa: PLC0415 - --help does without it
    from acude.orchestration.backfills import Backfills  # noqa: PLC0415

    with AirflowApi() as airflow:
        backfills = Backfills(airflow)
        dates = backfills.dates(dag, *days, reprocess)
        if dry_run:
            _print_plan(dag, *days, dates, as_json=as_json)
            return
        began = time.monotonic()
        started = backfills.start(dag, *days, max_active_runs=max_active, reprocess=reprocess)
        runs = _follow(backfills, started, len(dates))
    good = bool(runs) and all(run.state == "success" for run in runs)
    if as_json:
        print_json(_report(dag, *days, runs, ok=good, seconds=time.monotonic() - began))
    else:
        _print_runs(dag, runs, time.monotonic() - began)
    raise typer.Exit(0 if good else 1)


def _follow(backfills: "Backfills", started: "BackfillResponse", expected: int) -> "list[DAGRunResponse]":
    page = f"{settings().airflow_url}/dags/{started.dag_id}/backfills"
    try:
        with _RunProgress(started, expected) as progress:
            return backfills.follow(started, progress)
    except KeyboardInterrupt:
        err.print(f"The backfill goes on in Airflow: {page}")
        raise typer.Exit(1) from None


class _RunProgress(Bars):
    """Shows the runs' progress: on a terminal a bar with the days that run, elsewhere a line per ended run."""

    def __init__(self, started: "BackfillResponse", expected: int) -> None:
        # Runs that were there before and aren't repeated must not look done by this backfill.
        super().__init__(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[running]}"),
        )
        self._task = self.bars.add_task(started.dag_id, total=expected, running="")
        self._said: set[str] = set()

    def __call__(self, runs: "list[DAGRunResponse]") -> None:
        """The runs as they stand."""
        over = [run for run in runs if run.state not in _UNDER_WAY]
        if err.is_terminal:
            running = ", ".join(_interval(run) for run in runs if run.state == "running")
            failed = sum(run.state == "failed" for run in runs)
            note = f"{running}{f' · [red]{failed} failed[/red]' if failed else ''}"
            self.bars.update(self._task, completed=len(over), total=len(runs), running=note)
            return
        for run in over:
            if run.dag_run_id not in self._said:
                self._said.add(run.dag_run_id)
                err.print(f"{self.seconds:6.1f} s  {_interval(run)}  {run.state.value}", markup=False)


def _print_plan(dag: str, first: date, last: date, dates: list[datetime], *, as_json: bool) -> None:
    if as_json:
        print_json({"dag": dag, "from": first, "to": last, "dry_run": True, "intervals": dates})
        return
    for begin in dates:
        out.print(f"{begin:%Y-%m-%d %H:%M}")
    out.print(f"\n{len(dates)} runs of {dag} would start; without --dry-run they do.")


def _print_runs(dag: str, runs: "list[DAGRunResponse]", seconds: float) -> None:
    print_table(("interval", "state", "seconds", "run"), [_row(run) for run in runs])
    failed = [run for run in runs if run.state != "success"]
    out.print(f"\n{len(runs) - len(failed)} of {len(runs)} runs of {dag} succeeded in {seconds:.0f} s.")
    if failed:
        out.print(f"Look at the red ones in {settings().airflow_url}/dags/{dag}, mend their cause, and run")
        first, last = _interval(failed[0])[:10], _interval(failed[-1])[:10]
        out.print(f"  acude backfill {dag} --from {first} --to {last} --reprocess failed")


def _row(run: "DAGRunResponse") -> tuple[str, ...]:
    colour = "green" if run.state == "success" else "red"
    seconds = _seconds(run)
    taken = "" if seconds is None else f"{seconds:.1f}"
    return _interval(run), f"[{colour}]{run.state.value}[/{colour}]", taken, run.dag_run_id


def _report(
    dag: str, first: date, last: date, runs: "list[DAGRunResponse]", *, ok: bool, seconds: float
) -> dict[str, Any]:
    listed = [
        {"interval": run.logical_date, "state": run.state.value, "seconds": _seconds(run), "run_id": run.dag_run_id}
        for run in runs
    ]
    return {"dag": dag, "from": first, "to": last, "ok": ok, "seconds": round(seconds, 1), "runs": listed}


def _interval(run: "DAGRunResponse") -> str:
    begin = run.logical_date or run.run_after
    return f"{begin:%Y-%m-%d}" if begin.hour == begin.minute == 0 else f"{begin:%Y-%m-%d %H:%M}"


def _seconds(run: "DAGRunResponse") -> float | None:
    return (run.end_date - run.start_date).total_seconds() if run.start_date and run.end_date else None
