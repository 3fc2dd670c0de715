"""``acude backfill``."""

import time
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from acude.commands.days import day_option, require_order
from acude.commands.output import Json, err, out, print_json, print_table, styled
from acude.commands.progress import Bars
from acude.days import require_days
from acude.errors import NothingFoundError
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

    Each run writes its own day only. Ctrl-C stops the waiting, not the backfill. Days that have run, and that
    [bold]--reprocess[/bold] doesn't ask for, are left as they are and named apart.
    Exit code 0 only where every day's last run succeeded, 1 where one failed, 2 for a call that can't be, 3 where the
    range has no day that is over.

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
        if dates:
            started = backfills.start(dag, *days, max_active_runs=max_active, reprocess=reprocess)
            runs = _follow(backfills, started, dates)
        else:
            # Airflow would note a backfill of nothing, or complain of the range.
            runs = backfills.runs_between(dag, *days)
    found = Outcome.of(dates, runs, time.monotonic() - began)
    if not found.all:
        raise NothingFoundError(
            f"There is nothing to run: no interval of {dag} that begins from {first} to {last} is over.",
            "Ask for earlier days.",
        )
    if as_json:
        print_json(_report(dag, *days, found))
    else:
        _print_outcome(dag, reprocess, found)
    raise typer.Exit(0 if found.good else 1)


@dataclass(frozen=True)
class Outcome:
    """What came of a backfill.

    Attributes:
        ran: the runs that it made or repeated.
        left: those of the range's other intervals, which it left as they were.
        seconds: how long it took.
    """

    ran: "list[DAGRunResponse]"
    left: "list[DAGRunResponse]"
    seconds: float

    @classmethod
    def of(cls, planned: list[datetime], runs: "list[DAGRunResponse]", seconds: float) -> "Outcome":
        """Tells by the planned intervals which of the range's runs are the backfill's own."""
        ran = _planned(planned, runs)
        return cls(ran, [run for run in runs if run not in ran], seconds)

    @property
    def all(self) -> "list[DAGRunResponse]":
        """All runs of the range."""
        return [*self.ran, *self.left]

    @property
    def good(self) -> bool:
        """Whether every interval's last run succeeded."""
        return all(run.state == "success" for run in self.all)


def _planned(planned: list[datetime], runs: "list[DAGRunResponse]") -> "list[DAGRunResponse]":
    return [run for run in runs if run.logical_date in planned]


def _follow(backfills: "Backfills", started: "BackfillResponse", dates: list[datetime]) -> "list[DAGRunResponse]":
    page = f"{settings().airflow_url}/dags/{started.dag_id}/backfills"
    try:
        with _RunProgress(started, len(dates)) as progress:
            # Runs that were there before and aren't repeated must not look done by this backfill.
            return backfills.follow(started, lambda runs: progress(_planned(dates, runs)))
    except KeyboardInterrupt:
        err.print(f"The backfill goes on in Airflow: {page}")
        raise typer.Exit(1) from None


class _RunProgress(Bars):
    """Shows the runs' progress: on a terminal a bar with the days that run, elsewhere a line per ended run."""

    def __init__(self, started: "BackfillResponse", expected: int) -> None:
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
            self.bars.update(self._task, completed=len(over), running=note)
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


def _print_outcome(dag: str, reprocess: Reprocess, found: Outcome) -> None:
    if found.ran:
        print_table(("interval", "state", "seconds", "run"), [_row(run) for run in found.ran])
        good = sum(run.state == "success" for run in found.ran)
        out.print(f"\n{good} of {len(found.ran)} runs of {dag} succeeded in {found.seconds:.0f} s.")
    else:
        out.print(
            f"Nothing of {dag} ran: there is a run of each day, and --reprocess {reprocess} repeats none of them."
        )
    if found.left:
        out.print(f"Left as they were: {_counted(found.left)}.")
    failed = [run for run in found.all if run.state == "failed"]
    if failed:
        out.print(f"Look at the red ones in {settings().airflow_url}/dags/{dag}, mend their cause, and run")
        first, last = min(map(_interval, failed))[:10], max(map(_interval, failed))[:10]
        out.print(f"  acude backfill {dag} --from {first} --to {last} --reprocess failed")


def _counted(runs: "list[DAGRunResponse]") -> str:
    """The runs by state, and the days of those that did not succeed."""
    good = sum(run.state == "success" for run in runs)
    others = [f"{_interval(run)} {run.state.value}" for run in runs if run.state != "success"]
    return ", ".join(([f"{good} success"] if good else []) + others)


def _row(run: "DAGRunResponse") -> tuple[str | Text, ...]:
    colour = "green" if run.state == "success" else "red"
    seconds = _seconds(run)
    taken = "" if seconds is None else f"{seconds:.1f}"
    return _interval(run), styled(run.state.value, colour), taken, run.dag_run_id


def _report(dag: str, first: date, last: date, found: Outcome) -> dict[str, Any]:
    def listed(runs: "list[DAGRunResponse]") -> list[dict[str, Any]]:
        return [
            {"interval": run.logical_date, "state": run.state.value, "seconds": _seconds(run), "run_id": run.dag_run_id}
            for run in runs
        ]

    head = {"dag": dag, "from": first, "to": last, "ok": found.good, "seconds": round(found.seconds, 1)}
    return head | {"runs": listed(found.ran), "left": listed(found.left)}


def _interval(run: "DAGRunResponse") -> str:
    begin = run.logical_date or run.run_after
    return f"{begin:%Y-%m-%d}" if begin.hour == begin.minute == 0 else f"{begin:%Y-%m-%d %H:%M}"


def _seconds(run: "DAGRunResponse") -> float | None:
    return (run.end_date - run.start_date).total_seconds() if run.start_date and run.end_date else None
