"""How far a command has come, on stderr: moving lines on a terminal, plain ones elsewhere."""

import time
from typing import Any, Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from acude.commands.output import err

_DONE = {"ready", "stopped"}
_CHANGES = {"starting", "stopping", *_DONE}


def counted() -> Progress:
    """A bar with a number out of a total; nothing where stderr is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)


class Bars:
    """Lines that move while the block runs. Each kind says itself what it prints where stderr is no terminal.

    Attributes:
        bars: the lines.
        began: when it was made, by the monotonic clock.
    """

    def __init__(self, *columns: ProgressColumn, transient: bool = False) -> None:
        self.bars = Progress(*columns, console=err, transient=transient)
        self.began = time.monotonic()

    def __enter__(self) -> Self:
        if err.is_terminal:
            self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bars.stop()

    @property
    def seconds(self) -> float:
        """How long it has run."""
        return time.monotonic() - self.began


class ServiceProgress(Bars):
    """Shows each service's progress: a moving line per service; elsewhere a plain line each time one starts or ends."""

    def __init__(self) -> None:
        columns = (SpinnerColumn(finished_text="[green]✓"), TextColumn("{task.description:<14}"))
        super().__init__(*columns, TextColumn("{task.fields[state]}"), TimeElapsedColumn())
        self._tasks: dict[str, Any] = {}

    def __call__(self, name: str, state: str) -> None:
        """A service's new state."""
        if not err.is_terminal:
            if state in _CHANGES:
                err.print(f"{self.seconds:6.1f} s  {name:<14} {state}", markup=False)
            return
        if name not in self._tasks:
            self._tasks[name] = self.bars.add_task(name, total=1, start=False, state=state)
        task = self._tasks[name]
        if state in {"starting", "stopping"}:
            self.bars.start_task(task)
        self.bars.update(task, state=state, completed=int(state in _DONE))
