"""What the commands share in showing things: tables or JSON on stdout, progress on stderr."""

import json
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Annotated, Any, Self

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a table.")]

# Piped output has no width of its own; a table must not break its addresses there.
out = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
err = Console(stderr=True, highlight=False)

_DONE = {"ready", "stopped"}


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever JSON can say
    """One JSON document on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str | None = None) -> None:
    """A table on stdout, with as many lines as it needs."""
    table = Table(*columns, title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*row)
    out.print(table)


class ServiceProgress:
    """Shows each service's progress: moving lines on a terminal, one plain line per event elsewhere."""

    def __init__(self) -> None:
        columns = (SpinnerColumn(finished_text="[green]✓"), TextColumn("{task.description:<14}"))
        self._progress = Progress(*columns, TextColumn("{task.fields[state]}"), TimeElapsedColumn(), console=err)
        self._tasks: dict[str, Any] = {}
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        if err.is_terminal:
            self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._progress.stop()

    def __call__(self, name: str, state: str) -> None:
        """A service's new state."""
        if not err.is_terminal:
            err.print(f"{time.monotonic() - self._began:6.1f} s  {name:<14} {state}", markup=False)
            return
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=1, start=False, state=state)
        task = self._tasks[name]
        if state in {"starting", "stopping"}:
            self._progress.start_task(task)
        self._progress.update(task, state=state, completed=int(state in _DONE))
