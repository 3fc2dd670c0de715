"""``acude status``."""

from dataclasses import asdict

import typer
from rich.markup import escape

from acude.commands.output import Json, out, print_json, print_table
from acude.commands.streams_note import streams_note
from acude.local.platform import Platform
from acude.local.status import ServiceStatus
from acude.settings import settings

app = typer.Typer(add_completion=False)

_COLOURS = {"up": "green", "starting": "yellow", "stopped": "dim"}
"""Any other state is red."""


@app.command()
def status(*, as_json: Json = False) -> None:
    """Say for each server whether it is up, its process, memory, restarts and address.

    Memory is PSS: pages that processes share are counted once, children included. Restarts count how often it ended by
    itself since the platform's start; [bold]failing[/bold] is what does so again and again. A service that runs and
    does not answer [bold]hangs[/bold]; the lines below the table say what it was asked. The last line says how far
    back the streams find repeats now. Exit code 0 only when every server is up and no part of the live shop failed.
    """
    rows = Platform().status()
    up = any(row.name == "streams" and row.state == "up" for row in rows)
    notes = {row.name: row.note for row in rows if row.note}
    if up:
        notes["streams"] = streams_note(settings().streams_metrics_port, settings().here)
    if as_json:
        print_json([asdict(row) | {"note": notes.get(row.name, "")} for row in rows])
    else:
        print_table(("service", "state", "pid", "memory", "restarts", "address"), [_row(row) for row in rows])
        out.print(f"\nmemory of all: {_mib(sum(row.memory_bytes for row in rows))}")
        for name, note in notes.items():
            if note:
                out.print(f"{name}: {escape(note)}")
    raise typer.Exit(0 if all(_fine(row) for row in rows) else 1)


def _fine(row: ServiceStatus) -> bool:
    """Whether the service is as it should be: up, or a stopped part of the simulated shop."""
    return row.state == "up" or (row.live and row.state == "stopped")


def _row(row: ServiceStatus) -> tuple[str, ...]:
    colour = _COLOURS.get(row.state, "red")
    state = f"[{colour}]{row.state}[/{colour}]"
    return row.name, state, str(row.pid or ""), _mib(row.memory_bytes), str(row.restarts), row.address


def _mib(size: int) -> str:
    return f"{size / 2**20:.0f} MiB" if size else ""
