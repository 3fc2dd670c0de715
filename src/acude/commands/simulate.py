"""``acude simulate``."""

import logging
import re
import signal
import threading
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from acude.commands.days import moment_option
from acude.commands.output import Json, err, out, print_json, print_table
from acude.commands.progress import Bars
from acude.days import require_days
from acude.simulator.faults import Shares
from acude.simulator.play import Config, Progress, Summary, play

app = typer.Typer(add_completion=False)

_LONGEST = timedelta(days=3660)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_SHOW_EVERY_S = 5.0


def duration(text: str) -> timedelta:
    """A length of time.

    >>> duration("90s"), duration("1.5h")
    (datetime.timedelta(seconds=90), datetime.timedelta(seconds=5400))
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip())
    if not found or not float(found[1]):
        raise typer.BadParameter(f"{text!r}: write a number above 0 and s, m, h or d, for example 60s or 24h")
    try:
        length = timedelta(**{_UNITS[found[2]]: float(found[1])})
    except OverflowError:
        length = timedelta.max
    if length > _LONGEST:
        raise typer.BadParameter(f"{text!r}: at most {_LONGEST.days}d")
    return length


@app.command()
def simulate(
    *,
    rate: Annotated[float, typer.Option(min=0.001, help="Events per second of the shop's time, on average.")] = 200.0,
    length: Annotated[str, typer.Option("--duration", help="How long, in the shop's time: 60s, 5m, 24h.")] = "60s",
    seed: Annotated[int, typer.Option(help="The same seed and start give the same events.")] = 7,
    late: Annotated[float, typer.Option(min=0, max=1, help="Share of the events that are hours or days late.")] = 0.0,
    duplicate: Annotated[float, typer.Option(min=0, max=1, help="Share that is sent twice.")] = 0.0,
    malformed: Annotated[float, typer.Option(min=0, max=1, help="Share of events that break the contract.")] = 0.0,
    contradictory: Annotated[
        float, typer.Option(min=0, max=1, help="Share that is followed by another event under the same id.")
    ] = 0.0,
    start: Annotated[
        datetime | None,
        moment_option("--start", "Begin of the shop's time (UTC); it then runs as fast as Kafka takes it."),
    ] = None,
    virtual: Annotated[
        bool, typer.Option("--virtual", help="Let the shop's time run as fast as Kafka takes it, up to now.")
    ] = False,
    live: Annotated[bool, typer.Option("--live", help="Go on by the real clock until SIGINT or SIGTERM.")] = False,
    no_orders: Annotated[bool, typer.Option("--no-orders", help="Leave the shop's order database alone.")] = False,
    as_json: Json = False,
) -> None:
    """Play shoppers: events to Kafka, orders to the shop's database, and a ledger of every answer.

    By the real clock, event times are now; with [bold]--start[/bold] or [bold]--virtual[/bold] they are spread over the
    shop's time, with its nights and its evening peak. Ctrl-C ends it with a complete ledger. Exit code 1 where
    sends remain without an answer, or the broker or the order database is missing.

    Examples:
      acude simulate --rate 500 --duration 5m --late 0.02 --malformed 0.005
      acude simulate --rate 2 --duration 24h --start 2026-11-20T00:00:00 --duplicate 0.01
      acude simulate --live --rate 20
    """
    # The client's own complaints about a missing broker are said better below.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    if live and (start or virtual):
        raise typer.BadParameter("--live follows the real clock; leave out --start and --virtual")
    span = duration(length)
    if start:
        require_days(start.date())
    begin = start or (datetime.now(UTC) - span if virtual else None)
    shares = _shares(late, duplicate, malformed, contradictory)
    config = Config(rate, None if live else span, seed, shares, begin, not no_orders)
    try:
        with _Show() as show:
            summary = play(config, show, _stop_on_signals())
    except KeyboardInterrupt:
        err.print("Ended without waiting for the last answers; the ledger lists those sends as sem_resposta.")
        raise typer.Exit(130) from None
    if as_json:
        print_json(_as_json(summary))
    else:
        _print(summary)
    raise typer.Exit(1 if summary.unanswered else 0)


def _shares(late: float, duplicate: float, malformed: float, contradictory: float) -> Shares:
    try:
        return Shares(late, duplicate, malformed, contradictory)
    except ValueError as problem:
        raise typer.BadParameter(str(problem)) from None


def _stop_on_signals() -> threading.Event:
    """The first signal asks for an end with all answers, the second doesn't wait for them."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    return stop


class _Show(Bars):
    """How far it has come: a moving line on a terminal, a plain one every few seconds elsewhere."""

    def __init__(self) -> None:
        super().__init__(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), transient=True)
        self._task = self.bars.add_task("connecting")
        self._shown = 0.0

    def __call__(self, progress: Progress) -> None:
        now = self.seconds
        rate = progress.sent / max(now, 0.001)
        faults = ", ".join(f"{count:,} {kind}" for kind, count in sorted(progress.kinds.items()) if kind != "valido")
        line = (
            f"{progress.sent:,} events, {rate:,.0f}/s, {progress.orders:,} orders, "
            f"shop's clock {progress.clock:%Y-%m-%d %H:%M:%S}{f' ({faults})' if faults else ''}"
        )
        if err.is_terminal:
            self.bars.update(self._task, description=line)
        elif now - self._shown >= _SHOW_EVERY_S:
            err.print(line, markup=False)
            self._shown = now


def _as_json(summary: Summary) -> dict[str, object]:
    answers = [
        {"destino": place, "tipo": kind, "resposta": answer, "linhas": count}
        for (place, kind, answer), count in sorted(summary.answers.items())
    ]
    return asdict(summary) | {"answers": answers, "unanswered": summary.unanswered}


def _print(summary: Summary) -> None:
    rows = [(*names, f"{count:,}") for names, count in sorted(summary.answers.items())]
    print_table(("sent to", "kind", "answer", "rows"), rows)
    clock = f"{summary.start:%Y-%m-%d %H:%M:%S} to {summary.end:%Y-%m-%d %H:%M:%S}"
    out.print(
        f"\n{summary.sent:,} sends in {summary.seconds:.1f} s ({summary.sent / summary.seconds:,.0f}/s), "
        f"{summary.orders:,} new orders, shop's time {clock}"
    )
    out.print(f"ledger: {summary.ledger}", soft_wrap=True)
    if summary.unanswered:
        err.print(f"[yellow]![/yellow] {summary.unanswered:,} sends have no answer; Kafka may hold them all the same.")
